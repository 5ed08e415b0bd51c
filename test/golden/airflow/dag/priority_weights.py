"""Writes priority-weights.json: the weights that Airflow's own strategies give to the tasks of some graphs.

python priority_weights.py > priority-weights.json    (in the environment of that Airflow; no database is opened)
"""

import json
import os
import random
import tempfile

os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-weights-"))
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "ERROR"

import airflow
from airflow.models.taskinstance import TaskInstance
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization

RULES = ["downstream", "upstream", "absolute"]
# An edge and a diamond; then others, with weights up to what an int32 holds.
GRAPHS = [(2, [(0, 1)], 1), (4, [(0, 1), (0, 2), (1, 3), (2, 3)], 5)]


def graphs():
    yield from GRAPHS
    source = random.Random(2026)
    for size in (1, 3, 6, 9, 12, 15):
        for most in (3, 2**31 - 1):
            edges = [(low, high) for high in range(size) for low in range(high) if source.random() < 0.3]
            yield size, edges, most


def weigh(size, edges, most):
    source = random.Random(size * 1000 + most)
    weights = [source.randint(-most // 3, most) for _ in range(size)]
    given = {}
    for rule in RULES:
        with DAG("weights", schedule=None) as dag:
            tasks = [EmptyOperator(task_id=str(at), priority_weight=weight, weight_rule=rule) for at, weight in enumerate(weights)]
            for low, high in edges:
                tasks[low] >> tasks[high]
        serialized = DagSerialization.from_dict(DagSerialization.to_dict(dag)).task_dict
        given[rule] = [TaskInstance(serialized[str(at)], dag_version_id=None, run_id="run").priority_weight for at in range(size)]
    return {"weights": weights, "edges": edges, "given": given}


def main():
    rows = ",\n".join(json.dumps(weigh(*graph)) for graph in graphs())
    print(f'{{"airflow": "{airflow.__version__}", "graphs": [\n{rows}\n]}}')


main()
