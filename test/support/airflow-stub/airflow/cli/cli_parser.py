import argparse

import airflow.tasks


def get_parser():
    parser = argparse.ArgumentParser("airflow")
    run = parser.add_subparsers().add_parser("tasks").add_subparsers().add_parser("run")
    for name in ("dag_id", "task_id", "execution_date_or_run_id"):
        run.add_argument(name)
    run.add_argument("--local", action="store_true")
    run.add_argument("--subdir")
    run.add_argument("--map-index", type=int, default=-1)
    run.set_defaults(func=task_run)
    return parser


def task_run(args):
    import os

    facts = {**vars(args), "parsing": os.environ["_AIRFLOW_PARSING_CONTEXT_DAG_ID"]}
    facts.pop("func")
    airflow.tasks.do(args.task_id, args.subdir, facts)
