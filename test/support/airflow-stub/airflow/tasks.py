"""What the processes of tasks do: as the task's name says. `report` is a file that gets a line of JSON about the process."""

import json
import os
import signal
import sys
import time


class TaskAlreadyRunningError(Exception):
    pass


class ServerResponseError(Exception):
    """As httpx has it: what the Task Execution API answered."""

    def __init__(self, message, status, detail, text):
        super().__init__(message)
        self.detail = detail
        self.response = type("Response", (), {"status_code": status, "text": text})


def do(name, report, facts):
    with open("/proc/self/environ", "rb") as file:
        environ = file.read().decode()
    with open("/proc/self/cmdline", "rb") as file:
        line = file.read().decode()
    pid = os.getpid()
    tell(report, {**facts, "pid": pid, "session": os.getsid(0), "group": os.getpgrp(), "server": os.getppid(), "environ": environ, "line": line})
    globals()["task_ok" if name.startswith("ok_") else "task_" + name](report)


def tell(report, message):
    with open(report, "a") as file:
        file.write(json.dumps(message) + "\n")


def task_ok(report):
    pass


token = "eyJhbGciOiJIUzUxMiJ9.eyJzdWIiOiIxIn0.c2VjcmV0"


def task_raises(report):
    raise ValueError("no such server, asked with %s" % token)


def task_prints(report):
    print("told on stdout: %s" % token)
    print("told on stderr: %s" % token, file=sys.stderr)


def task_exits(report):
    sys.exit(3)


def task_dies(report):
    os.kill(os.getpid(), signal.SIGKILL)


def task_runs_elsewhere(report):
    raise TaskAlreadyRunningError("Task instance is already running")


def task_is_refused(report):
    detail = {"detail": {"reason": "invalid_state", "message": "…", "previous_state": "running"}}
    raise ServerResponseError("Server returned error", 409, detail, json.dumps(detail))


def task_has_ended(report):
    detail = {"detail": {"reason": "invalid_state", "message": "…", "previous_state": "success"}}
    raise ServerResponseError("Server returned error", 409, detail, json.dumps(detail))


def task_has_old_token(report):
    raise ServerResponseError("Invalid auth token: Signature has expired", 403, None, "Invalid auth token: Signature has expired")


def task_waits(report):
    """Like a supervisor: it has a process for the task, which it tells to end, and then ends well."""
    child = os.fork()
    if child == 0:
        os.setsid()
        time.sleep(600)
        os._exit(0)
    told = []
    signal.signal(signal.SIGTERM, lambda *_: told.append(True))
    tell(report, {"child": child})
    while not told and not os.path.exists(report + ".go"):
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    tell(report, {"ended": "told to" if told else "by itself"})


def task_is_stubborn(report):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = os.fork()
    if child == 0:
        os.setsid()
    else:
        tell(report, {"child": child})
    time.sleep(600)
