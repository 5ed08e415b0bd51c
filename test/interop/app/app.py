"""The Celery app on the Python side of the interop tests. Broker and backend come from the environment."""

import json
import os
import time

from celery import Celery, Task
from celery.exceptions import Ignore, Reject
from kombu import Exchange, Queue
from kombu.common import Broadcast

app = Celery("interop", broker=os.environ["BROKER"], backend=os.environ.get("BACKEND") or None)
app.conf.update(
    task_default_queue=os.environ.get("QUEUE", "celery"),
    task_queue_max_priority=int(os.environ["MAX_PRIORITY"]) if "MAX_PRIORITY" in os.environ else None,
    worker_send_task_events=True,
    task_send_sent_event=True,
    worker_hijack_root_logger=True,
    broker_connection_retry_on_startup=True,
    result_extended=True,
    task_protocol=int(os.environ.get("PROTOCOL", "2")),
    accept_content=os.environ.get("ACCEPT", "json").split(","),
)
if "KEY_PREFIX" in os.environ:
    app.conf.broker_transport_options = {"global_keyprefix": os.environ["KEY_PREFIX"]}
if "BEAT_SCHEDULE" in os.environ:
    app.conf.beat_schedule = json.loads(os.environ["BEAT_SCHEDULE"])
if "TASK_QUEUES" in os.environ:
    app.conf.task_queues = [
        Broadcast(each["name"])
        if each.get("broadcast")
        else Queue(each["name"], Exchange(each["exchange"], type=each["exchangeType"]), routing_key=each["routingKey"])
        for each in json.loads(os.environ["TASK_QUEUES"])
    ]


class Refused(Exception):
    """An error of our own, with two arguments."""


@app.task(name="py.add")
def add(x, y):
    return x + y


@app.task(name="py.total")
def total(numbers):
    return sum(numbers)


@app.task(name="py.echo")
def echo(*args, **kwargs):
    return {"args": list(args), "kwargs": kwargs}


@app.task(name="py.fail")
def fail(message="no such thing"):
    raise ValueError(message)


@app.task(name="py.refuse")
def refuse():
    raise Refused("because", 7)


@app.task(name="py.note")
def note(*args):
    """An error callback: whatever it is called with comes back."""
    return list(args)


@app.task(name="py.retry", bind=True, max_retries=5, default_retry_delay=0)
def retry(self: Task, times):
    if self.request.retries < times:
        raise self.retry(exc=RuntimeError("not yet"), countdown=0)
    return self.request.retries


@app.task(name="py.sleep", track_started=True)
def sleep(seconds):
    time.sleep(seconds)
    return seconds


@app.task(name="py.now")
def now():
    """When it began, epoch seconds."""
    return time.time()


@app.task(name="py.unicode")
def unicode_text():
    return "Grüße, 世界 🌍 \x00 \u2028 \ud83d"


@app.task(name="py.big")
def big(size):
    return "x" * size


@app.task(name="py.length")
def length(text):
    return len(text)


@app.task(name="py.silent", ignore_result=True)
def silent():
    return "never stored"


@app.task(name="py.ignore")
def ignore():
    raise Ignore()


@app.task(name="py.reject")
def reject():
    raise Reject("unwanted", requeue=False)


@app.task(name="py.request", bind=True)
def request(self: Task):
    """What a Python worker makes of the message's headers and properties."""
    seen = self.request
    return {
        "id": seen.id,
        "task": seen.task,
        "args": list(seen.args),
        "kwargs": seen.kwargs,
        "retries": seen.retries,
        "eta": seen.eta,
        "expires": seen.expires,
        "group": seen.group,
        "group_index": seen.group_index,
        "root_id": seen.root_id,
        "parent_id": seen.parent_id,
        "origin": seen.origin,
        "timelimit": list(seen.timelimit) if seen.timelimit else None,
        "headers": seen.headers,
        "delivery_info": dict(seen.delivery_info),
        "reply_to": seen.reply_to,
        "correlation_id": seen.correlation_id,
        "ignore_result": seen.ignore_result,
        "is_eager": seen.is_eager,
    }
