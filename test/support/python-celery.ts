/** Real Python Celery on the other side of the broker: its workers, and a client that sends and reads. */
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { debianPython } from "./install.ts";
import { type PrivateProcess, startPrivateProcess } from "./private-process.ts";

/** Where a Python process of a test finds its servers; `queue` is its default queue. */
export interface PythonPlace {
  readonly broker: string;
  readonly backend?: string | undefined;
  readonly queue?: string | undefined;
  /** task_queue_max_priority: RabbitMQ keeps priorities in queues declared with it only. */
  readonly maxPriority?: number | undefined;
  /** accept_content, e.g. "json,yaml" */
  readonly accept?: string | undefined;
  /** task_protocol */
  readonly protocol?: 1 | 2 | undefined;
  /** Redis: global_keyprefix of the broker */
  readonly keyPrefix?: string | undefined;
  /** task_queues, where it is not the default queue alone. */
  readonly taskQueues?: readonly BoundQueue[] | undefined;
}

/** A queue as both sides are told of it. */
export type BoundQueue =
  | { readonly name: string; readonly broadcast: true }
  | {
      readonly name: string;
      readonly exchange: string;
      readonly exchangeType: "direct" | "topic" | "fanout";
      readonly routingKey: string;
    };

export interface PythonWorkerOptions extends PythonPlace {
  /** The queues it consumes (its default queue). */
  readonly queues?: readonly string[];
  /** Celery's pools: "prefork" with `concurrency` children, or "solo" (the default, starts faster). */
  readonly pool?: "solo" | "prefork";
  readonly concurrency?: number;
  /** Before it begins it asks the other workers for a second what is revoked (false). */
  readonly mingles?: boolean;
  /** More of `celery worker`'s options, e.g. ["--without-gossip"]. */
  readonly options?: readonly string[];
}

export interface PythonWorker {
  /** as other nodes know it: "py-…@localhost" */
  readonly nodeName: string;
  readonly pid: number;
  /** Its log so far. */
  log(): string;
  /** Warm shutdown, or with `signal` another end; resolves when it is gone. Harmless when it is. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

const appFolder = fileURLToPath(new URL("../interop/app", import.meta.url));
const startLimitMs = 60_000;
const callLimitMs = 60_000;

/** Starts `celery worker` on the app of `test/interop/app`; resolves when it says that it is ready. */
export async function startPythonWorker(options: PythonWorkerOptions): Promise<PythonWorker> {
  requirePythonCelery();
  const { pool = "solo", concurrency = 1, mingles = false } = options;
  const nodeName = `py-${randomUUID().slice(0, 8)}@localhost`;
  const queues = options.queues ?? [options.queue ?? "celery"];
  const args = ["-m", "celery", "-A", "app", "worker", "--loglevel=INFO", "-n", nodeName, "-Q", queues.join(",")];
  if (!mingles) args.push("--without-mingle");
  const worker = startPrivateProcess({
    command: debianPython,
    args: [...args, "--pool", pool, "--concurrency", String(concurrency), ...(options.options ?? [])],
    cwd: appFolder,
    env: environment(options),
  });
  try {
    await worker.wrote(new RegExp(`${nodeName} ready`), startLimitMs);
  } catch (error) {
    await worker.stop({ signal: "SIGKILL" });
    throw error;
  }
  return { nodeName, pid: worker.pid, log: worker.output, stop: (signal = "SIGTERM") => worker.stop({ signal, graceMs: 10_000 }) };
}

/** Starts `celery events --dump`, which prints a line for each event; resolves when it begins to listen. */
export async function startPythonMonitor(place: PythonPlace): Promise<PrivateProcess> {
  requirePythonCelery();
  const args = ["-m", "celery", "-A", "app", "events", "--dump"];
  const monitor = startPrivateProcess({ command: debianPython, args, cwd: appFolder, env: environment(place) });
  try {
    await monitor.wrote(/starting/, startLimitMs);
  } catch (error) {
    await monitor.stop({ signal: "SIGKILL" });
    throw error;
  }
  return monitor;
}

/** Starts `celery beat` with the schedule that is given, as JSON has it; `stateFile` is where it keeps what it ran. Resolves when it has begun. */
export async function startPythonBeat(place: PythonPlace, schedule: object, stateFile: string): Promise<PrivateProcess> {
  requirePythonCelery();
  const args = ["-m", "celery", "-A", "app", "beat", "--schedule", stateFile, "--loglevel=INFO"];
  const env = { ...environment(place), BEAT_SCHEDULE: JSON.stringify(schedule) };
  const beat = startPrivateProcess({ command: debianPython, args, cwd: appFolder, env });
  try {
    await beat.wrote(/beat: Starting/, startLimitMs);
  } catch (error) {
    await beat.stop({ signal: "SIGKILL" });
    throw error;
  }
  return beat;
}

/** One step for `test/interop/app/client.py`: an operation it defines, and that operation's arguments. */
export interface PythonStep {
  readonly do:
    | "send"
    | "get"
    | "canvas"
    | "each"
    | "save_group"
    | "restore_group"
    | "take"
    | "ping"
    | "control"
    | "revoke"
    | "rate_limit"
    | "inspect";
  readonly [argument: string]: unknown;
}

/** Runs the steps one after another in one Python process and gives their outcomes; rejects with Python's traceback. */
export async function callPython(place: PythonPlace, steps: readonly PythonStep[]): Promise<unknown[]> {
  requirePythonCelery();
  clients ??= startClients();
  const answer = await askClients(await clients, JSON.stringify({ environment: settingsOf(place), steps }));
  const { outcomes, error } = JSON.parse(answer) as { readonly outcomes?: unknown[]; readonly error?: string };
  if (outcomes === undefined) throw new Error(`Python failed: ${error}`);
  return outcomes;
}

/** The port of this process's `clients.py`, which goes with it. */
let clients: Promise<number> | null = null;

async function startClients(): Promise<number> {
  const server = startPrivateProcess({ command: debianPython, args: ["clients.py"], cwd: appFolder, env: pythonEnvironment() });
  await server.wrote(/^port \d+$/m, startLimitMs);
  return Number(/^port (\d+)$/m.exec(server.output())![1]);
}

async function askClients(port: number, line: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.setTimeout(callLimitMs, () => socket.destroy(new Error(`Python gave no answer within ${callLimitMs} ms`)));
  socket.write(`${line}\n`);
  return await text(socket);
}

let isChecked = false;

/** Throws where Python's Celery is not installed: an interop test that cannot run has failed. */
function requirePythonCelery(): void {
  if (isChecked) return;
  const { status, stderr, error } = spawnSync(debianPython, ["-c", "import celery, redis"], { encoding: "utf8" });
  if (status !== 0)
    throw new Error(
      `This test needs ${debianPython} with celery and redis (Debian: python3-celery python3-redis). ${error?.message ?? stderr}`,
    );
  isChecked = true;
}

function environment(place: PythonPlace): NodeJS.ProcessEnv {
  return { ...pythonEnvironment(), ...settingsOf(place) };
}

function pythonEnvironment(): NodeJS.ProcessEnv {
  return {
    PATH: process.env["PATH"],
    HOME: process.env["HOME"],
    LANG: "C.UTF-8",
    TZ: "UTC",
    PYTHONPATH: appFolder,
    PYTHONDONTWRITEBYTECODE: "1",
    PYTHONUNBUFFERED: "1",
  };
}

/** What `test/interop/app/app.py` reads. */
function settingsOf({ broker, backend, queue, maxPriority, accept, protocol, taskQueues, keyPrefix }: PythonPlace) {
  return {
    BROKER: broker,
    ...(backend === undefined ? {} : { BACKEND: backend }),
    ...(queue === undefined ? {} : { QUEUE: queue }),
    ...(maxPriority === undefined ? {} : { MAX_PRIORITY: String(maxPriority) }),
    ...(accept === undefined ? {} : { ACCEPT: accept }),
    ...(keyPrefix === undefined ? {} : { KEY_PREFIX: keyPrefix }),
    ...(taskQueues === undefined ? {} : { TASK_QUEUES: JSON.stringify(taskQueues) }),
    ...(protocol === undefined ? {} : { PROTOCOL: String(protocol) }),
  };
}
