"""One of two branches is followed; what joins them needs only one."""

from operators import DAG, BashOperator, BranchPythonOperator, started

with DAG("branch", **started):
    choose = BranchPythonOperator(task_id="choose", python_callable=lambda: "left")
    left, right = (BashOperator(task_id=name, bash_command="true") for name in ("left", "right"))
    join = BashOperator(task_id="join", bash_command="true", trigger_rule="one_success")
    choose >> [left, right] >> join
