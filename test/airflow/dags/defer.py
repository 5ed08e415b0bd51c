"""A sensor that leaves its waiting, of twenty seconds after the run was asked for, to the triggerer."""

from datetime import timedelta

from operators import DAG, TimeDeltaSensorAsync, started

with DAG("defer", **started):
    TimeDeltaSensorAsync(task_id="waits", delta=timedelta(seconds=20))
