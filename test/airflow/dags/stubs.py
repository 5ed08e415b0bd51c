"""Tasks whose bodies are written in TypeScript (test/airflow/tasks.ts), and some in Python that look at what those left. Airflow 3 only."""

from datetime import timedelta

from operators import DAG, started, task

soon = {"retries": 1, "retry_delay": timedelta(seconds=1)}

if hasattr(task, "stub"):
    with DAG("stub", **started):

        @task.stub(queue="typescript")
        def extract(): ...

        @task.stub(queue="typescript")
        def transform(): ...

        @task
        def check(came):
            if came != {"rows": 3, "doubled": [2, 4, 6]}:
                raise ValueError(f"{came!r} came")

        transformed = transform()
        extract() >> transformed
        check(transformed)

    with DAG("stub_retry", **started):

        @task.stub(queue="typescript", **soon)
        def throws(): ...

        @task.stub(queue="typescript", **soon)
        def gives_up(): ...

        throws()
        gives_up()

    with DAG("stub_waits", **started):

        @task.stub(queue="typescript")
        def waits(): ...

        waits()

    with DAG("stub_looks", **started):

        @task.stub(queue="typescript")
        def looks(): ...

        looks()

    with DAG("stub_client", **started):

        @task.stub(queue="typescript")
        def skips(): ...

        @task.stub(queue="typescript")
        def chooses(): ...

        @task.stub(queue="typescript")
        def not_chosen(): ...

        @task.stub(queue="typescript")
        def keeps(): ...

        @task.stub(queue="typescript")
        def counts(number): ...

        @task
        def big():
            return 12345678901234567890

        @task
        def big_came(number):
            if number != 12345678901234567891:
                raise ValueError(f"{number!r} came")

        skips()
        chooses() >> not_chosen()
        keeps()
        counts.expand(number=[10, 20])

        @task.stub(queue="typescript")
        def adds_one(): ...

        added = adds_one()
        big() >> added
        big_came(added)
