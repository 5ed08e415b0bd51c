"""A Python client that a test drives, by steps that name an operation below and its arguments: {"do": "send", "task": "py.add", "args": [1, 2]}."""

from celery import chain, chord, group, signature
from celery.canvas import chunks, xmap, xstarmap
from celery.result import AsyncResult, GroupResult
from kombu import Connection, Queue
from kombu.serialization import prepare_accept_content

from app import app


def send(task, args=(), kwargs=None, broadcast=None, **options):
    """With broadcast: to that Broadcast queue, whose exchange Celery does not declare by itself."""
    if broadcast:
        options |= {"queue": broadcast, "declare": [app.amqp.queues[broadcast].exchange]}
    return {"id": app.send_task(task, args, kwargs or {}, **options).id}


def get(id, timeout=30):
    """Waits for the end of a task; a failure is an outcome, not an error."""
    result = AsyncResult(id, app=app)
    result.get(timeout=timeout, propagate=False)
    value = result.result
    raised = isinstance(value, BaseException)
    return {
        "state": result.state,
        "result": None if raised else value,
        "error": {"type": type(value).__name__, "args": [part if isinstance(part, (str, int)) else repr(part) for part in value.args]}
        if raised
        else None,
        "traceback": result.traceback,
        "children": [child.id for child in result.children or []],
    }


def canvas(kind, tasks, body=None, **options):
    """Sends a chain or chord of {"task", "args", "options"} and gives the ids."""
    members = [signature(each["task"], args=each.get("args", ()), app=app, **each.get("options", {})) for each in tasks]
    if kind == "chain":
        return {"id": chain(members, app=app).apply_async(**options).id}
    end = signature(body["task"], args=body.get("args", ()), app=app, **body.get("options", {}))
    sent = chord(members, end, app=app).apply_async(**options)
    return {"id": sent.id, "members": [member.id for member in sent.parent.results]}


def save_group(tasks):
    """Sends {"task", "args"} as a group after py.add(1, 1), saves its result and gives that as a tuple."""
    members = [signature(each["task"], args=each.get("args", ()), app=app, immutable=True) for each in tasks]
    sent = chain(signature("py.add", args=(1, 1), app=app), group(members, app=app), app=app).apply_async()
    sent.save()
    return sent.as_tuple()


def restore_group(id, timeout=30):
    """What anybody has saved: as a tuple, and its members' values; None where there is nothing."""
    found = GroupResult.restore(id, app=app)
    return None if found is None else {"tuple": found.as_tuple(), "values": found.get(timeout=timeout)}


def each(kind, task, it, n=None, **options):
    """A task for each of many items: map, starmap or chunks of n. Waits for what it gives."""
    kinds = {"map": xmap, "starmap": xstarmap, "chunks": chunks}
    made = kinds[kind](signature(task, app=app), it, *([] if n is None else [n]), app=app)
    return made.apply_async(**options).get(timeout=30)


def take(queue, timeout=10):
    """Takes one message off a queue as kombu reads it: headers, properties and the decoded body."""
    with Connection(app.conf.broker_url) as connection:
        simple = connection.SimpleQueue(Queue(queue, exchange=queue, routing_key=queue))
        simple.consumer.accept = prepare_accept_content(["json", "yaml"])
        message = simple.get(timeout=timeout)
        message.ack()
        simple.close()
    names = ("correlation_id", "reply_to", "priority", "delivery_mode", "expiration")
    return {
        "headers": message.headers,
        "content_type": message.content_type,
        "content_encoding": message.content_encoding,
        "properties": {name: message.properties.get(name) for name in names},
        "body": message.decode(),
    }


def ping(nodes, timeout=20):
    """Asks the named nodes; ends as soon as all have answered."""
    return {name: reply for each in app.control.ping(destination=nodes, timeout=timeout) for name, reply in each.items()}


def control(command, arguments, nodes=None, timeout=10):
    """Sends a command of remote control and gives the answers; ends when the named nodes have answered."""
    replies = app.control.broadcast(command, arguments=arguments, destination=nodes, reply=True, timeout=timeout)
    return {name: reply for each in replies or [] for name, reply in each.items()}


def inspect(what, nodes, timeout=10, **arguments):
    """As `celery inspect` asks."""
    return getattr(app.control.inspect(destination=nodes, timeout=timeout), what)(**arguments)


def revoke(id, nodes=None, **options):
    """As an operator would: app.control.revoke()."""
    replies = app.control.revoke(id, destination=nodes, reply=True, timeout=10, **options)
    return {name: reply for each in replies or [] for name, reply in each.items()}


def rate_limit(task, rate, nodes=None):
    """As an operator would: app.control.rate_limit()."""
    replies = app.control.rate_limit(task, rate, destination=nodes, reply=True, timeout=10)
    return {name: reply for each in replies or [] for name, reply in each.items()}


operations = {each.__name__: each for each in (send, get, canvas, each, save_group, restore_group, take, ping, control, inspect, revoke, rate_limit)}


def run(steps):
    """One after another; gives their outcomes."""
    return [operations[step.pop("do")](**step) for step in steps]
