"""Sleeps as long as the run's conf says, at its first try, and notes in a file when it begins, ends, and is ended."""

from datetime import timedelta

from operators import DAG, BashOperator, started

note = """
note() { echo "$1 $(date +%s.%N)" >> "{{ dag_run.conf['notes'] }}"; }
trap 'note terminated; kill $!; exit 143' TERM
note began
[ {{ ti.try_number }} -gt 1 ] || { sleep {{ dag_run.conf['seconds'] }} & wait $!; }
note ended
"""

with DAG("sleeps", max_active_runs=4, **started):
    # Airflow 2 lets one that was cleared while it ran wait as before a retry.
    BashOperator(task_id="sleeps", bash_command=note, retry_delay=timedelta(seconds=2))
