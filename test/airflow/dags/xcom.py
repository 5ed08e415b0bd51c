"""One task gives a value to the next, which fails unless it is the same."""

from operators import DAG, started, task

value = {"text": "grüße", "numbers": [1, 2.5, None], "deep": {"yes": True}}

with DAG("xcom", **started):

    @task
    def push():
        return value

    @task
    def pull(came):
        if came != value:
            raise ValueError(f"{came!r} came instead of {value!r}")

    pull(push())
