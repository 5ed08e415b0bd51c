"""Writes retry-delays.json: how long Airflow's own task instances wait before their next try.

python retry_delays.py > retry-delays.json    (in the environment of that Airflow; no database is opened)
"""

import datetime
import json
import os
import tempfile

os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-retries-"))
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "ERROR"

import airflow
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization

# The last two are beyond what a float and a timedelta hold.
TRIES = [*range(1, 11), 40, 1100]
DELAYS = [300, 1, 0, 0.5, 90, 7200]
MOST = [None, 600, 0, 86400 * 3, 1.5]
ENDED = datetime.datetime(2026, 5, 6, 7, 8, 9, tzinfo=datetime.timezone.utc)


def row(at):
    # Keys with points and letters beyond ASCII, dates with and without milliseconds.
    dag_id, task_id = f"dag_{at % 7}" + (".é" if at % 5 == 0 else ""), f"group.task-{at}"
    date = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(hours=7 * at, milliseconds=at % 3 * 41)
    # Each tenth retries at fixed intervals.
    delay, most, factor = DELAYS[at % len(DELAYS)], MOST[at % len(MOST)], 0 if at % 10 == 9 else 2
    with DAG("retries", schedule=None) as dag:
        EmptyOperator(
            task_id="task",
            retries=3,
            retry_delay=datetime.timedelta(seconds=delay),
            max_retry_delay=None if most is None else datetime.timedelta(seconds=most),
            retry_exponential_backoff=factor,
        )
    task = DagSerialization.from_dict(DagSerialization.to_dict(dag)).task_dict["task"]
    instance = TaskInstance(task, dag_version_id=None, run_id="run")
    instance.dag_run = DagRun(dag_id=dag_id, run_id="run", logical_date=date)
    instance.dag_id, instance.task_id, instance.end_date = dag_id, task_id, ENDED
    assert instance.logical_date == date
    waits = []
    for instance.try_number in TRIES:
        waits.append(round((instance.next_retry_datetime() - ENDED).total_seconds() * 1000))
    return {
        "dagId": dag_id,
        "taskId": task_id,
        "logicalDate": round(date.timestamp() * 1000),
        "retryDelayMs": round(delay * 1000),
        "maxRetryDelayMs": None if most is None else round(most * 1000),
        "exponentialBackoff": factor == 2,
        "waits": waits,
    }


def main():
    rows = ",\n".join(json.dumps(row(at)) for at in range(50))
    print(f'{{"airflow": "{airflow.__version__}", "tries": {json.dumps(TRIES)}, "keys": [\n{rows}\n]}}')


main()
