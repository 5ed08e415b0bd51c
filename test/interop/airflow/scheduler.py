"""What Airflow's scheduler does with Celery: sends with its settings, and asks for the states of many tasks at once.

Reads {"broker", "backend", "tasks": [{"name", "argument", "queue"}], "go"} from stdin. When the backend says of all tasks that are to wait for it that they
have started, the file "go" is made. Prints for each task its id, the states that were seen of it, and what Celery reads of its end.
"""

import json
import pathlib
import sys
import time

from celery import Celery
from celery.result import AsyncResult

FINAL = {"SUCCESS", "FAILURE", "REVOKED"}

asked = json.load(sys.stdin)
app = Celery("airflow.providers.celery.executors.celery_executor", broker=asked["broker"], backend=asked["backend"])
app.conf.update(
    accept_content=["json"],
    event_serializer="json",
    worker_prefetch_multiplier=1,
    task_acks_late=True,
    task_default_queue="default",
    task_default_exchange="default",
    task_track_started=True,
    worker_concurrency=16,
)


def states_in_redis(ids):
    keys = {app.backend.get_key_for_task(id): id for id in ids}
    found = [app.backend.decode_result(value) for value in app.backend.mget(keys) if value]
    return {each["task_id"]: each["status"] for each in found}


def states_in_database(ids):
    from celery.backends.database import Task, session_cleanup

    session = app.backend.ResultSession()
    with session_cleanup(session):
        return {row.task_id: row.status for row in session.query(Task).filter(Task.task_id.in_(ids))}


states = states_in_redis if asked["backend"].startswith("redis") else states_in_database
sent = [app.send_task(each["name"], args=[each["argument"]], queue=each["queue"]).id for each in asked["tasks"]]
seen = {id: [] for id in sent}
waiting = [id for id, each in zip(sent, asked["tasks"]) if each.get("waits")]
end = time.monotonic() + 40
while not all(FINAL & set(each) for each in seen.values()):
    if time.monotonic() > end:
        raise TimeoutError(repr(seen))
    for id, state in states(sent).items():
        if state not in seen[id]:
            seen[id].append(state)
    if all("STARTED" in seen[id] for id in waiting):
        pathlib.Path(asked["go"]).touch()
    time.sleep(0.02)
ended = [AsyncResult(id, app=app) for id in sent]
print(json.dumps([{"id": each.id, "seen": seen[each.id], "state": each.state, "result": repr(each.result)} for each in ended]))
