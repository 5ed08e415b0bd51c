/** An Airflow that runs nothing: its command and its module for workloads tell how they were called, and end as the name of the dag says. */
import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { debianPython } from "../install.ts";
import { projectFolder } from "../project-folder.ts";

/** As a process of it was called. */
export interface StubCall {
  readonly words: readonly string[];
  /** of a workload: what it was given to read */
  readonly workload: string | null;
  readonly env: Readonly<Record<string, string>>;
  /** it leads a session of its own */
  readonly leads: boolean;
  /** as everybody sees it */
  readonly commandLine: string;
  readonly pid: number;
}

export interface StubAirflow {
  readonly folder: string;
  /** of a worker that is to find it */
  readonly environment: Readonly<Record<string, string>>;
  /** made by whoever lets those go that wait for it: dags named waits-… */
  readonly go: string;
  calls(): readonly StubCall[];
  remove(): void;
}

/**
 * Dags: exit-N ends with that code; waits-… when there is a file `go`, or with 1 at SIGTERM; first-fails-… does so the first time, and fails then in any case;
 * stubborn-… ends at SIGKILL, as does the process that it starts; tells-… prints what it was given. All others end with 0.
 */
const script = `#!${debianPython}
import json, os, signal, sys, time

folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
while not os.path.exists(os.path.join(folder, "calls")):
    folder = os.path.dirname(folder)
path = sys.argv[sys.argv.index("--json-path") + 1] if "--json-path" in sys.argv else None
workload = open(path).read() if path else None
dag = json.loads(workload)["ti"]["dag_id"] if path else sys.argv[3]
names = ("external_executor_id", "_AIRFLOW_PARSING_CONTEXT_DAG_ID", "_AIRFLOW_PARSING_CONTEXT_TASK_ID")
with open("/proc/self/cmdline") as file:
    line = file.read().replace("\\0", " ").strip()
call = {"words": sys.argv[1:], "workload": workload, "env": {name: os.environ[name] for name in names if name in os.environ},
        "leads": os.getsid(0) == os.getpid(), "commandLine": line, "pid": os.getpid()}
with open(os.path.join(folder, "calls")) as file:
    is_first = not any(json.loads(each)["words"] == call["words"] for each in file)
waits = dag.startswith(("waits", "stubborn")) or (dag.startswith("first-fails") and is_first)
if dag.startswith("stubborn"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.fork() == 0:
        call["pid"] = os.getpid()
elif waits:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
with open(os.path.join(folder, "calls"), "a") as file:
    file.write(json.dumps(call) + "\\n")
if dag.startswith("tells"):
    print("given", workload or sys.argv, flush=True)
while waits and not os.path.exists(os.path.join(folder, "go")):
    time.sleep(0.01)
sys.exit(int(dag.split("-")[1]) if dag.startswith("exit") else int(waits and dag.startswith("first-fails")))
`;

/** In a folder of its own, which `files` are put into as well. */
export function stubAirflow(name: string, files: Readonly<Record<string, string>> = {}): StubAirflow {
  const sdk = "packages/airflow/sdk/execution_time";
  const { path: folder, remove } = projectFolder(name, {
    ...{ calls: "", "bin/airflow": script, [`${sdk}/execute_workload.py`]: script },
    ...files,
  });
  chmodSync(join(folder, "bin/airflow"), 0o755);
  return {
    ...{ folder, remove, go: join(folder, "go") },
    environment: { PATH: `${join(folder, "bin")}:${process.env["PATH"]}`, PYTHONPATH: join(folder, "packages"), AIRFLOW_HOME: folder },
    calls() {
      const lines = readFileSync(join(folder, "calls"), "utf8").split("\n").slice(0, -1);
      return lines.map((line) => JSON.parse(line) as StubCall);
    },
  };
}
