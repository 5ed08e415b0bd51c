"""Fails, and fails again when it is tried once more."""

from datetime import timedelta

from operators import DAG, BashOperator, started

with DAG("fails", **started):
    BashOperator(task_id="fails", bash_command="exit 1", retries=1, retry_delay=timedelta(seconds=5))
