"""`celery_produce.py <config as JSON>`: what produce.mjs is for the others. One thread: Celery's client is synchronous."""
import json
import sys
import time

from celery_app import app, noop, now, stamp

config = json.loads(sys.argv[1])
n = config["n"]
warmup = config["warmup"]
in_flight = config.get("inFlight", 1)


def timed(action):
    cpu, started = time.process_time(), time.perf_counter()
    action()
    return {"seconds": time.perf_counter() - started, "cpuMs": (time.process_time() - cpu) * 1000}


def send_all(count):
    """One by one through delay(); with many in flight the quickest Celery has: one producer held for the whole loop."""
    if in_flight == 1:
        for index in range(count):
            noop.delay(index)
        return
    with app.producer_pool.acquire(block=True) as producer:
        for index in range(count):
            noop.apply_async((index,), producer=producer)


def waiting(expected):
    """Without confirmations the broker may still be reading what was sent: it is asked until it has that many, for 10 s."""
    deadline = time.monotonic() + 10
    with app.connection_for_read() as connection:
        while True:
            count = connection.default_channel.queue_declare("celery", passive=True).message_count
            if count >= expected or time.monotonic() > deadline:
                return count
            time.sleep(0.05)


def enqueue():
    send_all(warmup)
    return {**timed(lambda: send_all(n)), "waiting": waiting(warmup + n) - warmup}


def get_all(count, result_ms):
    """Keeps `in_flight` tasks on their way and is told of each result as it comes."""
    if in_flight == 1:
        for index in range(count):
            started = now()
            noop.delay(index).get(timeout=30)
            result_ms.append(now() - started)
        return
    sent = 0

    def send():
        nonlocal sent
        sent += 1
        watch(noop.delay(sent), now(), result_ms)

    while sent < min(in_flight, count):
        send()
    while len(result_ms) < count:
        before = len(result_ms)
        drain(1)
        for _ in range(min(len(result_ms) - before, count - sent)):
            send()


def watch(result, started, result_ms):
    result.then(lambda _: result_ms.append(now() - started))


def drain(timeout):
    try:
        app.backend.result_consumer.drain_events(timeout=timeout)
    except OSError:
        pass  # nothing came within the timeout


def roundtrip():
    get_all(warmup, [])
    result_ms = []
    return {**timed(lambda: get_all(n, result_ms)), "resultMs": result_ms}


def pace():
    result_ms, total = [], warmup + n
    started = now()
    for index in range(total):
        due = started + index * 1000 / config["perSecond"]
        while (left := due - now()) > 0:
            if app.backend.result_consumer._pending_results.concrete:
                drain(left / 1000)
            else:
                time.sleep(left / 1000)
        sent_at = now()
        watch((noop if index < warmup else stamp).delay(sent_at), sent_at, result_ms)
    while len(result_ms) < total:
        drain(1)
    return {"seconds": (now() - started) / 1000, "resultMs": result_ms[warmup:]}


print(json.dumps({"enqueue": enqueue, "roundtrip": roundtrip, "pace": pace}[config["do"]]()), flush=True)
