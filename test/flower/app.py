"""What the original Flower is given: the names of our worker's tasks, without which it sets no limits of theirs."""
from celery import Celery

app = Celery("watching")


def nothing(*args):
    """Nobody runs it here."""


for name in ("tasks.add", "tasks.fail", "tasks.sleep"):
    app.task(name=name)(nothing)
