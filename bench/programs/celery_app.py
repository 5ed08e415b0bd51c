"""The Celery app measured, tuned as far as it goes: early acknowledgement, no events, much prefetch, no result unless asked for."""
import os
import struct
import time

from celery import Celery
from celery.signals import worker_ready

RESULTS = os.environ.get("BENCH_BACKEND") not in (None, "", "disabled")
app = Celery("bench", broker=os.environ["BENCH_BROKER"], backend=os.environ["BENCH_BACKEND"] if RESULTS else None)
app.conf.update(
    broker_pool_limit=4,
    broker_transport_options={"confirm_publish": True} if os.environ.get("BENCH_CONFIRM") == "1" else {},
    task_ignore_result=not RESULTS,
    worker_prefetch_multiplier=64,
    worker_redirect_stdouts=False,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    worker_max_tasks_per_child=None,
    task_send_sent_event=False,
    result_persistent=False,
)

runs = 0
files = {}


def write(kind, *values):
    """Appends to a file of this process's own, opened after the fork."""
    key = (os.getpid(), kind)
    if key not in files:
        files[key] = os.open(f"{os.environ['BENCH_TALLY']}/{os.getpid()}-0.{kind}", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(files[key], struct.pack(f"<{len(values)}d", *values))


def now():
    return time.monotonic_ns() / 1e6


@app.task(name="bench.noop")
def noop(argument):
    global runs
    runs += 1
    write("runs", now(), runs)


@app.task(name="bench.stamp")
def stamp(sent_at):
    write("starts", now() - sent_at)
    noop(0)


@worker_ready.connect
def say_ready(**_):
    print("ready", flush=True)
