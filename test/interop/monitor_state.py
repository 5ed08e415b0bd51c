"""What Celery's own monitors make of events: reads a list of sequences of events as JSON, writes for each what is known then of its task and worker.

Usage: monitor_state.py < sequences.json
"""
import json
import sys

from celery.events.state import State

shown = (
    "uuid name state sent received started succeeded failed retried revoked rejected args kwargs result exception traceback "
    "runtime retries eta expires exchange routing_key root_id parent_id timestamp clock client"
).split()


def known(events):
    state = State()
    for event in events:
        state.event(dict(event, local_received=event["timestamp"]))
    task = state.tasks["t"]
    facts = {name: getattr(task, name) for name in shown}
    facts["worker"] = task.worker.hostname if task.worker else None
    return facts


json.dump([known(events) for events in json.load(sys.stdin)], sys.stdout)
