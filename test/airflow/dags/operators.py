"""The operators that the DAGs of these tests use: Airflow 2 and 3 keep them in different modules. No DAG is in here."""

try:
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.providers.standard.operators.python import BranchPythonOperator, PythonOperator
    from airflow.providers.standard.sensors.python import PythonSensor
    from airflow.providers.standard.sensors.time_delta import TimeDeltaSensorAsync
    from airflow.sdk import DAG, task
except ImportError:
    from airflow.decorators import task
    from airflow.models.dag import DAG
    from airflow.operators.bash import BashOperator
    from airflow.operators.python import BranchPythonOperator, PythonOperator
    from airflow.sensors.python import PythonSensor
    from airflow.sensors.time_delta import TimeDeltaSensorAsync

from datetime import datetime

started = {"schedule": None, "start_date": datetime(2026, 1, 1), "catchup": False}

__all__ = [
    "DAG",
    "BashOperator",
    "BranchPythonOperator",
    "PythonOperator",
    "PythonSensor",
    "TimeDeltaSensorAsync",
    "started",
    "task",
]
