"""Airflow 2's database, in which the task instances `ok_alive` and `ok_dead` run: the job of the one gives signs of life, that of the other does not."""

from contextlib import contextmanager

from airflow.jobs.job import Job
from airflow.models.taskinstance import TaskInstance

tables = {
    TaskInstance: [TaskInstance("ok_alive", "running", 1), TaskInstance("ok_dead", "running", 2), TaskInstance("ok", "queued", None)],
    Job: [Job(1, True), Job(2, False)],
}


class Session:
    def query(self, table):
        self.rows = tables[table]
        return self

    def filter_by(self, **wanted):
        self.rows = [row for row in self.rows if all(getattr(row, name) == value for name, value in wanted.items())]
        return self

    def one_or_none(self):
        return self.rows[0] if self.rows else None


@contextmanager
def create_session():
    yield Session()
