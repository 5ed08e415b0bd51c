"""A task of another queue."""

from operators import DAG, BashOperator, started

with DAG("queued", **started):
    BashOperator(task_id="elsewhere", bash_command="true", queue="gpu")
