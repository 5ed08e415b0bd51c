import airflow.tasks


class BaseExecutor:
    @staticmethod
    def run_workload(workload, subprocess_logs_to_stdout):
        airflow.tasks.do(workload["ti"]["task_id"], workload["report"], {"workload": workload})
