"""One task over five values."""

from operators import DAG, started, task

with DAG("mapped", **started):

    @task
    def square(value):
        return value * value

    square.expand(value=[1, 2, 3, 4, 5])
