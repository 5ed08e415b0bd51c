class TaskInstance:
    dag_id, run_id, map_index = "dag", "manual__1", -1

    def __init__(self, task_id, state, job_id):
        self.task_id, self.state, self.job_id = task_id, state, job_id
