/**
 * The launcher that shares Airflow's imports: a fork-server, in Python, imports it once, and forks for each workload. A workload's process is told what to run on
 * a connection of its own, and says on it how it ended: nothing of it is on a command line, in a variable or in a file.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { CeleriacError, type Clock, type Logger, reasonOf } from "@celeriac/core/runtime";
import type { Environment } from "../config.ts";
import { findInterpreter } from "../interpreter.ts";
import type { Launcher, WorkloadContext } from "../launcher.ts";
import type { Outcome } from "../outcome.ts";
import { hideTokens } from "../redaction.ts";
import type { Workload } from "../workload.ts";
import { type ForkedRun, followRun } from "./forked-run.ts";

export interface ForkServerOptions {
  /** of the processes */
  readonly environment: Environment;
  /** the interpreter that has Airflow; unset: that of the command `airflow` */
  readonly python?: string;
  /** how long after SIGTERM a process is killed */
  readonly killAfterMs: number;
  readonly clock: Clock;
  /** Gets what the processes print, without tokens. */
  readonly logger: Logger;
}

interface Server {
  readonly process: ChildProcess;
  readonly socket: string;
  /** to a process of it that waits for its workload; null: that could not be had */
  spare: Promise<Socket | null>;
}

const program = fileURLToPath(new URL("./fork-server.py", import.meta.url));

/**
 * 1. has one fork-server, and starts another one when that died: the processes it had forked run on, and are followed as before; 2. runs a workload, and has
 * its process told to end when the context says so, and ended when it does not; 3. lets the fork-server go when it is closed.
 *
 * A connection is a process, and one is opened ahead: a workload need not wait for its fork.
 *
 * When the worker dies, the processes get SIGTERM: Airflow ends their tasks, or tries them again. They do not run on beside the message's next delivery.
 */
export class ForkServer implements Launcher {
  readonly #options: ForkServerOptions;
  #server: Promise<Server> | null = null;

  constructor(options: ForkServerOptions) {
    this.#options = options;
  }

  /** Rejects with AIRFLOW_LAUNCHER. */
  async start(): Promise<void> {
    await this.#running();
  }

  async run(workload: Workload, context: WorkloadContext): Promise<Outcome> {
    // A process that was held ready may be gone, and so may its fork-server, which is found out by asking it.
    for (const connect of [() => this.#next(), () => this.#connect(), () => this.#connect()]) {
      const connection = await connect();
      const outcome = connection === null ? null : await this.#runOn(connection, workload, context);
      if (outcome !== null) return outcome;
    }
    throw new CeleriacError("AIRFLOW_LAUNCHER", "Airflow's fork-server forked no process for a workload; its log may say why");
  }

  async close(): Promise<void> {
    const server = await this.#server?.catch(() => null);
    if (server == null || server.process.exitCode !== null || server.process.signalCode !== null) return;
    await dropSpare(server);
    const exited = new Promise((resolve) => server.process.once("exit", resolve));
    server.process.stdin!.end();
    await exited;
  }

  /** null: nothing has begun. */
  async #runOn(connection: Socket, workload: Workload, { celeryId, redelivered, signal }: WorkloadContext): Promise<Outcome | null> {
    // It would not say so once more.
    if (connection.destroyed) return null;
    const what = workload.kind === "command" ? { command: workload.command, celeryId } : { workload: workload.text };
    connection.write(`${JSON.stringify({ ...what, redelivered })}\n`);
    const run = followRun(connection, celeryId);
    let ending = Promise.resolve();
    const end = () => {
      ending = this.#end(run, connection);
    };
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) end();
    const outcome = await run.outcome;
    signal.removeEventListener("abort", end);
    await ending;
    return outcome;
  }

  /** SIGTERM, and SIGKILL to all that is left of it when it has had its time. */
  async #end(run: ForkedRun, connection: Socket): Promise<void> {
    const { clock, killAfterMs, logger } = this.#options;
    connection.end();
    const over = new AbortController();
    void run.outcome.then(() => over.abort());
    await clock.sleep(killAfterMs, over.signal);
    if (over.signal.aborted || run.pid() === null) return;
    logger.warn("A process of Airflow did not end when it was told to, and is ended", { pid: run.pid(), waitedMs: killAfterMs });
    try {
      const order = await this.#connect();
      order?.end(`${JSON.stringify({ end: run.pid() })}\n`);
      order?.resume();
    } catch (error) {
      logger.error("A process of Airflow cannot be ended: its fork-server cannot be started", { pid: run.pid(), error: reasonOf(error) });
    }
  }

  /** What was opened ahead, with another one opened in its place. null: as #connect. */
  async #next(): Promise<Socket | null> {
    const server = await this.#running();
    const { spare } = server;
    server.spare = open(server.socket);
    return (await spare) ?? (await this.#connect());
  }

  /** To the fork-server, or to another one where that is found dead before it was told. null: that one, too, has died. */
  async #connect(): Promise<Socket | null> {
    return (await this.#connectTo(this.#running())) ?? (await this.#connectTo(this.#running()));
  }

  async #connectTo(running: Promise<Server>): Promise<Socket | null> {
    const connection = await open((await running).socket);
    if (connection === null && this.#server === running) this.#server = null;
    return connection;
  }

  #running(): Promise<Server> {
    if (this.#server !== null) return this.#server;
    const { environment, killAfterMs, logger } = this.#options;
    const python = this.#options.python ?? findInterpreter(environment).python;
    // In a session of its own: Ctrl-C in the worker's terminal is the worker's.
    const child = spawn(python, [program, String(killAfterMs / 1_000)], { detached: true, env: { ...environment } });
    child.stdin.on("error", () => {});
    createInterface({ input: child.stderr }).on("line", (line) => logger.info(hideTokens(line), { stream: "stderr" }));
    const server = firstWords(child, python);
    this.#server = server;
    const forget = () => {
      if (this.#server === server) this.#server = null;
    };
    server.then((started) => {
      child.once("exit", (code, signal) => {
        forget();
        void dropSpare(started);
        // It does so itself, unless it was killed.
        rmSync(dirname(started.socket), { recursive: true, force: true });
        if (!child.stdin.writableEnded) logger.warn("Airflow's fork-server ended; the next workload starts another one", { code, signal });
      });
    }, forget);
    return server;
  }
}

function firstWords(child: ChildProcess, python: string): Promise<Server> {
  const failed = (why: string, cause?: unknown) =>
    new CeleriacError(
      "AIRFLOW_LAUNCHER",
      `Airflow's fork-server cannot be started with ${python}: ${why}`,
      cause === undefined ? {} : { cause },
    );
  return new Promise((resolve, reject) => {
    child.once("error", (cause) => reject(failed(reasonOf(cause), cause)));
    child.once("exit", (code, signal) => reject(failed(`it ended with ${signal ?? `exit code ${code}`}`)));
    createInterface({ input: child.stdout! }).once("line", (line) => {
      const said = JSON.parse(line) as { readonly socket: string } | { readonly error: string };
      if ("error" in said) reject(failed(said.error));
      else resolve({ process: child, socket: said.socket, spare: open(said.socket) });
    });
  });
}

/** null: nobody listens. */
async function open(path: string): Promise<Socket | null> {
  const connection = createConnection(path);
  // What befalls it once it stands ends it: that is what is followed.
  connection.on("error", () => {});
  try {
    await once(connection, "connect");
    return connection;
  } catch {
    return null;
  }
}

/** Its process ends without having begun anything. */
async function dropSpare(server: Server): Promise<void> {
  (await server.spare)?.destroy();
}
