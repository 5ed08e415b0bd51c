"""A sensor that gives its slot back between its looks; it sees what it waits for at its second one."""

from pathlib import Path

from operators import DAG, PythonSensor, started


def looked_before(notes):
    seen = Path(notes)
    if seen.exists():
        return True
    seen.touch()
    return False


with DAG("resched", **started):
    PythonSensor(
        task_id="looks",
        python_callable=looked_before,
        op_args=["{{ dag_run.conf['notes'] }}"],
        mode="reschedule",
        poke_interval=3,
    )
