"""Writes trigger-rules.json: what Airflow's own TriggerRuleDep decides for every rule and every vector of parents' states.

python trigger_rules.py > trigger-rules.json    (in the environment of that Airflow; no database is opened)
"""

import itertools
import json
import os
import sys
import tempfile
import unittest.mock

os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-rules-"))
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "ERROR"

import airflow
from airflow.models.taskinstance import TaskInstance
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization
from airflow.task.trigger_rule import TriggerRule
from airflow.ti_deps.dep_context import DepContext
from airflow.ti_deps.deps.trigger_rule_dep import TriggerRuleDep
from airflow.utils.state import State

STATES = [
    "none", "scheduled", "queued", "running", "success", "failed", "restarting", "up_for_retry",
    "up_for_reschedule", "upstream_failed", "skipped", "removed", "deferred",
]
FINISHED = ["success", "failed", "upstream_failed", "skipped", "removed"]
LETTERS = {None: "", "skipped": "s", "upstream_failed": "u", "removed": "x"}


def instances(rule, setups):
    """A task of that rule below as many parents, of which some are setups; as the scheduler sees them."""
    with DAG("rules", schedule=None) as dag:
        child = EmptyOperator(task_id="child", trigger_rule="all_success" if rule == "all_done_setup_success" else rule)
        parents = [EmptyOperator(task_id=f"parent{at}") for at in range(len(setups))]
        for parent, is_setup in zip(parents, setups):
            if is_setup:
                parent.is_setup = True
            parent >> child
        if rule == "all_done_setup_success":
            child.is_teardown = True
            child.trigger_rule = TriggerRule.ALL_DONE_SETUP_SUCCESS
    tasks = DagSerialization.from_dict(DagSerialization.to_dict(dag)).task_dict
    assert str(tasks["child"].trigger_rule) == rule
    assert [tasks[f"parent{at}"].is_setup for at in range(len(setups))] == list(setups)
    made = {name: TaskInstance(task, dag_version_id=None, run_id="run") for name, task in tasks.items()}
    return made["child"], [made[f"parent{at}"] for at in range(len(setups))]


def decide(child, parents, states, map_index=-1):
    """r: may run, w: waits; s, u, x: is set to skipped, upstream_failed, removed; as a capital, where the dependency says it may run."""
    for parent, state in zip(parents, states):
        parent.state = None if state == "none" else state
    child.state, child.map_index, child.start_date, child.end_date = None, map_index, None, None
    context = DepContext(flag_upstream_failed=True, finished_tis=[p for p in parents if p.state in State.finished])
    session = unittest.mock.MagicMock()
    with unittest.mock.patch.object(TaskInstance, "get_dagrun", lambda *_, **__: None):
        statuses = list(TriggerRuleDep().get_dep_statuses(child, context, session=session))
    passed = all(status.passed for status in statuses)
    letter = LETTERS[child.state]
    return (letter.upper() if passed else letter) if letter else ("r" if passed else "w")


def vectors(symbols):
    for size in range(4):
        yield from itertools.product(symbols, repeat=size)


def main():
    made = {}

    def decision(rule, states, setups, map_index=-1):
        key = (rule, setups)
        if key not in made:
            made[key] = instances(rule, setups)
        return decide(*made[key], states, map_index)

    rules = {
        str(rule): "".join(decision(str(rule), states, (False,) * len(states)) for states in vectors(STATES))
        for rule in TriggerRule
    }
    marked = [(state, is_setup) for state in ["none", *FINISHED] for is_setup in (False, True)]
    setups = "".join(
        decision("all_done_setup_success", tuple(s for s, _ in vector), tuple(m for _, m in vector))
        for vector in vectors(marked)
    )
    mapped = {
        index: "".join(decision("all_success", states, (False,) * len(states), index) for states in vectors(["none", *FINISHED]))
        for index in range(4)
    }
    json.dump(
        {
            "airflow": airflow.__version__,
            "states": STATES,
            "rules": rules,
            "finished": ["none", *FINISHED],
            "setups": setups,
            "mapped": mapped,
        },
        sys.stdout,
        indent=1,
    )
    print()


main()
