class Job:
    def __init__(self, id, alive):
        self.id, self.alive = id, alive

    def is_alive(self):
        return self.alive
