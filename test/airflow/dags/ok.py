"""Three tasks, one after the other."""

from operators import DAG, BashOperator, started

with DAG("ok", **started):
    a, b, c = (BashOperator(task_id=name, bash_command=f"echo this is {name}") for name in "abc")
    a >> b >> c
