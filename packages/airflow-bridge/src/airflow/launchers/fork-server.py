"""Runs workloads of Airflow, each in a process forked from this one, which has imported Airflow once. fork-server.ts starts it; of Celery it knows nothing.

It listens on a Unix socket in a folder that nobody else may enter, and says on its standard output where. A connection is one request, a line of JSON that may
come long after, which the process forked for it reads: what a request bears, a token among it, never comes into the memory that later processes begin with.
Lines that answer: {"pid"} first, {"outcome"} from the process itself, {"exit"} from this one once it has ended. A process whose caller closes its side of the
connection, or is gone, gets SIGTERM: Airflow tells its task, and notes what became of it. Those of a fork-server that died run on, and still tell their outcome.

argv: the seconds that processes have after SIGTERM, when the worker is gone, before they are ended by SIGKILL.
"""

from __future__ import annotations

import functools
import gc
import json
import os
import re
import select
import selectors
import shutil
import signal
import socket
import sys
import tempfile
import time
import traceback


def main(grace):
    # Whoever signals a terminal's or a pod's processes means the worker: this one ends when the worker has gone, and lets go of its standard input.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    told = os.dup(1)
    # What Airflow prints is for the log.
    os.dup2(2, 1)
    try:
        version = preload()
    except Exception as error:
        tell(told, {"error": describe(error)})
        traceback.print_exc()
        return 1
    # Else the first collection in each child would copy the pages that all of them share.
    gc.collect()
    gc.freeze()
    folder = tempfile.mkdtemp(prefix="celeriac-airflow-")
    try:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(os.path.join(folder, "socket"))
        listener.listen(1024)
        tell(told, {"socket": listener.getsockname(), "airflow": version})
        os.close(told)
        ForkServer(listener).serve(grace)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def preload():
    """Imports what every task needs, and returns the version of Airflow. What is imported here is shared, by all processes, until it is written to."""
    import airflow

    major = int(airflow.__version__.split(".")[0])
    if major >= 3:
        import airflow.executors.base_executor
        import airflow.sdk.execution_time.supervisor
        import airflow.sdk.execution_time.task_runner

        workload_adapter()
        warm_client()
    else:
        import airflow.cli.commands.task_command
        import airflow.jobs.local_task_job_runner
        import airflow.macros
        from airflow.cli.cli_parser import get_parser

        get_parser()
    operators = "airflow.providers.standard.operators" if major >= 3 else "airflow.operators"
    for name in ("jinja2.ext", "airflow.utils.net", operators + ".bash", operators + ".python"):
        try:
            __import__(name)
        except ImportError:
            pass
    return airflow.__version__


@functools.lru_cache(maxsize=None)
def workload_adapter():
    from airflow.executors import workloads
    from pydantic import TypeAdapter

    return TypeAdapter(workloads.All)


def warm_client():
    """Reads the certificates that a client of Airflow's API may trust, which each process would do anew: of 3.1 and later; others have no such memory."""
    try:
        from airflow.sdk.api.client import Client

        Client(base_url="http://localhost/", token="").close()
    except ImportError:
        pass
    except Exception as error:
        # Whoever needs it hears of it.
        print("fork-server: %s" % describe(error), file=sys.stderr)


class ForkServer:
    """1. forks for each connection; 2. says on it how the process ended; 3. when the worker is gone, waits for its processes, and ends them at last."""

    def __init__(self, listener):
        self.listener = listener
        self.connections = {}
        self.wake, woken = os.pipe()
        for end in (self.wake, woken):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(woken)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def serve(self, grace):
        with selectors.DefaultSelector() as selector:
            for source in (self.listener, self.wake, 0):
                selector.register(source, selectors.EVENT_READ)
            while True:
                ready = [key.fileobj for key, _ in selector.select()]
                if self.wake in ready:
                    os.read(self.wake, 4096)
                    self.reap()
                if self.listener in ready:
                    self.fork(selector)
                if 0 in ready and not os.read(0, 4096):
                    break
        silence()
        self.listener.close()
        deadline = time.monotonic() + grace
        while self.connections and time.monotonic() < deadline:
            wait_for(self.wake, deadline - time.monotonic())
            self.reap()
        for pid in self.connections:
            end_tree(pid)

    def fork(self, selector):
        connection, _ = self.listener.accept()
        server = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            # The caller sees that nothing has begun.
            print("fork-server: %s" % error, file=sys.stderr)
            connection.close()
            return
        if pid == 0:
            code = 1
            try:
                selector.close()
                for other in (self.listener, *self.connections.values()):
                    other.close()
                code = answer(connection, server)
            except BaseException:
                traceback.print_exc()
            finally:
                flush()
                os._exit(code)
        self.connections[pid] = connection

    def reap(self):
        while self.connections:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            connection = self.connections.pop(pid, None)
            if connection is not None:
                code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
                tell(connection.fileno(), {"exit": code})
                connection.close()


def answer(connection, server):
    """In the forked process: reads the request and does it. Returns the code to exit with."""
    # A session of its own: what is sent to the worker's terminal or group does not reach it.
    os.setsid()
    signal.set_wakeup_fd(-1)
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(each, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    with connection.makefile("rb") as lines:
        line = lines.readline()
    # Without its fork-server nobody would tell how it ends.
    if not line.endswith(b"\n") or os.getppid() != server:
        return 1
    request = json.loads(line)
    if "end" in request:
        end_tree(request["end"])
        return 0
    tell(connection.fileno(), {"pid": os.getpid()})
    # The processes that Airflow forks here must not keep the connection open.
    os.register_at_fork(after_in_child=connection.close)
    end_when_let_go(connection)
    outcome = run(request)
    tell(connection.fileno(), outcome)
    return 1 if outcome["outcome"] == "failure" else 0


def end_when_let_go(connection):
    """SIGTERM to this process when the other end of the connection is closed: the kernel tells, so that no thread is needed in a process that will fork."""
    import fcntl

    caller = select.poll()
    caller.register(connection, 0)

    def look(*_):
        try:
            if connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        signal.signal(signal.SIGIO, signal.SIG_IGN)
        if caller.poll(0):
            # The caller is gone, and with it whoever read what is printed.
            silence()
        os.kill(os.getpid(), signal.SIGTERM)

    signal.signal(signal.SIGIO, look)
    fcntl.fcntl(connection, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(connection, fcntl.F_SETFL, fcntl.fcntl(connection, fcntl.F_GETFL) | os.O_ASYNC)
    # It may have been closed before.
    look()


def run(request):
    try:
        if "command" in request:
            args = read_command(request["command"], request["celeryId"])
            if request["redelivered"] and runs_elsewhere(args):
                return {"outcome": "ignore", "reason": "the task instance runs already"}
            args.func(args)
        else:
            run_workload(request["workload"])
        return {"outcome": "success"}
    except (Exception, SystemExit) as error:
        reason = why_ignored(error, request["redelivered"])
        if reason is not None:
            return {"outcome": "ignore", "reason": reason}
        print(without_tokens(traceback.format_exc()), file=sys.stderr)
        return {"outcome": "failure", "error": describe(error)}


def read_command(words, celery_id):
    """Airflow 2: what its command does, its function does in this process, as in Airflow's own worker."""
    from airflow.cli.cli_parser import get_parser

    set_title("airflow task supervisor: %s" % words)
    args = get_parser().parse_args(words[1:])
    args.shut_down_logging = False
    args.external_executor_id = celery_id
    os.environ["_AIRFLOW_PARSING_CONTEXT_DAG_ID"] = args.dag_id
    os.environ["_AIRFLOW_PARSING_CONTEXT_TASK_ID"] = args.task_id
    return args


def runs_elsewhere(args):
    """Whether the task instance runs and gives signs of life. Airflow's command would end well beside it, and schedulers take that for the end of a task that runs."""
    from airflow.jobs.job import Job
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session

    key = {"dag_id": args.dag_id, "task_id": args.task_id, "run_id": args.execution_date_or_run_id, "map_index": args.map_index}
    with create_session() as session:
        instance = session.query(TaskInstance).filter_by(**key).one_or_none()
        if instance is None or instance.state != "running":
            return False
        job = session.query(Job).filter_by(id=instance.job_id).one_or_none()
        return job is not None and job.is_alive()


def run_workload(text):
    """Airflow 3: its supervisor, in this process; what became of the task, the supervisor has told Airflow."""
    from airflow.configuration import conf
    from airflow.executors import workloads
    from airflow.executors.base_executor import BaseExecutor

    workload = workload_adapter().validate_json(text)
    to_stdout = conf.getboolean("logging", "task_logs_to_stdout", fallback=False)
    if hasattr(BaseExecutor, "run_workload"):
        BaseExecutor.run_workload(workload, subprocess_logs_to_stdout=to_stdout)
        return
    # Before 3.3.
    from airflow.sdk.execution_time.supervisor import supervise

    if not isinstance(workload, workloads.ExecuteTask):
        raise ValueError("Airflow runs no workload of type %s in workers" % type(workload).__name__)
    base = conf.get("api", "base_url", fallback="/")
    if base.startswith("/"):
        base = "http://localhost:8080%s" % base
    set_title("airflow supervisor: %s.%s" % (workload.ti.dag_id, workload.ti.task_id))
    supervise(
        ti=workload.ti,
        dag_rel_path=workload.dag_rel_path,
        bundle_info=workload.bundle_info,
        token=workload.token,
        server=conf.get("core", "execution_api_server_url", fallback="%s/execution/" % base.rstrip("/")),
        log_path=workload.log_path,
        subprocess_logs_to_stdout=to_stdout,
    )


def why_ignored(error, redelivered):
    """The message of a task instance that runs elsewhere says nothing of it: neither does its end. None: the error counts."""
    if any(each.__name__ == "TaskAlreadyRunningError" for each in type(error).__mro__):
        return "the task instance runs already"
    detail = getattr(error, "detail", None)
    if isinstance(detail, dict):
        detail = detail.get("detail", detail)
    if isinstance(detail, dict) and detail.get("reason") == "invalid_state" and detail.get("previous_state") == "running":
        return "the task instance runs already"
    # A message that comes again after a long time brings a token of then: whoever had it first runs it, with one that was renewed.
    status = getattr(getattr(error, "response", None), "status_code", None)
    if redelivered and status == 403 and "expired" in "%s %s" % (error, error.response.text):
        return "its token has expired, and it was delivered before"
    return None


def describe(error):
    return without_tokens("%s: %s" % (type(error).__name__, error))[:2000]


def without_tokens(text):
    """Every JSON Web Token begins with these letters, a header's opening; libraries may cut it off anywhere."""
    return re.sub(r"\beyJ[\w-]*(\.[\w-]*){0,2}", "***", text)


def set_title(title):
    try:
        from setproctitle import setproctitle
    except ImportError:
        return
    setproctitle(title)


def end_tree(pid):
    """SIGKILL to a process and all that it has started, whatever their groups and sessions."""
    children = {}
    for child, parent in processes():
        children.setdefault(parent, []).append(child)
    found = [pid]
    for each in found:
        found.extend(children.get(each, ()))
    for each in found:
        try:
            os.kill(each, signal.SIGKILL)
        except OSError:
            # It has ended by itself, or belongs to the user that the task runs as.
            pass


def processes():
    """Pairs of process and parent."""
    if not os.path.isdir("/proc/self"):
        import psutil

        return [(each.pid, each.info["ppid"]) for each in psutil.process_iter(["ppid"])]
    pairs = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % name, "rb") as file:
                # The name, in brackets, may hold anything.
                pairs.append((int(name), int(file.read().rpartition(b")")[2].split()[1])))
        except OSError:
            pass
    return pairs


def silence():
    """What Airflow prints must not fail when nobody reads it any more."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    for each in (1, 2):
        os.dup2(nothing, each)
    os.close(nothing)


def wait_for(source, seconds):
    with selectors.DefaultSelector() as selector:
        selector.register(source, selectors.EVENT_READ)
        if selector.select(seconds):
            os.read(source, 4096)


def tell(to, message):
    try:
        os.write(to, (json.dumps(message) + "\n").encode())
    except OSError:
        # Nobody listens any more.
        pass


def flush():
    import logging

    for each in (sys.stdout.flush, sys.stderr.flush, logging.shutdown):
        try:
            each()
        except Exception:
            pass


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1])))
