"""Two hundred tasks that do nothing."""

from operators import DAG, BashOperator, started

with DAG("big", max_active_tasks=64, **started):
    for number in range(200):
        BashOperator(task_id=f"task_{number}", bash_command="true")
