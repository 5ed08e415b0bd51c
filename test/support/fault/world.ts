/** One fault test's world: an app's broker, a ledger of all runs, and worker processes that can be killed, frozen and stopped. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Config, createApp } from "@celeriac/core";
import type { RedisTiming } from "@celeriac/core/testing";
import type { after, block, canvasStep, double, flaky, gather, late, mark, poison, steady, told } from "../../programs/fault/app.ts";
import type { WorkerProgram } from "../../programs/fault/worker.ts";
import { programPath } from "../built.ts";

export interface LedgerLine {
  readonly what: "begin" | "end" | "after" | "told";
  readonly n: number;
  readonly retries: number;
  readonly pid: number;
  /** of the task, where that is noted */
  readonly id: string;
}

export interface FaultWorker {
  readonly process: ChildProcess;
  readonly pid: number;
  /** what it has logged so far */
  log(): string;
  /** SIGTERM; resolves with its counters once it has ended */
  stop(): Promise<Readonly<Record<string, number>>>;
  /** resolves when it has ended, in whichever way */
  readonly ended: Promise<void>;
  /** pids of its child processes now */
  children(): readonly number[];
}

/** The tasks of the fault app, as a producer without their code knows them. */
function createClient(broker: string, backend: string | undefined) {
  const app = createApp("fault", { broker, backend });
  return {
    app,
    mark: app.declare<typeof mark>("fault.mark"),
    late: app.declare<typeof late>("fault.late"),
    block: app.declare<typeof block>("fault.block"),
    flaky: app.declare<typeof flaky>("fault.flaky"),
    after: app.declare<typeof after>("fault.after"),
    gather: app.declare<typeof gather>("fault.gather"),
    poison: app.declare<typeof poison>("fault.poison"),
    steady: app.declare<typeof steady>("fault.steady"),
    canvasStep: app.declare<typeof canvasStep>("fault.canvas"),
    double: app.declare<typeof double>("fault.double"),
    told: app.declare<typeof told>("fault.told"),
  };
}
export type FaultClient = ReturnType<typeof createClient>;

export interface FaultWorld {
  readonly directory: string;
  /** its URL */
  readonly broker: string;
  readonly environment: NodeJS.ProcessEnv;
  /** a producer of the app's tasks */
  readonly client: FaultClient;
  ledger(): readonly LedgerLine[];
  startWorker(program: WorkerProgram): Promise<FaultWorker>;
  /** Ends what still runs, and removes the directory. */
  dispose(): Promise<void>;
}

/** Workers on Redis are missed after 2.4 to 4.8 s, a fifth of the time in earnest: for tests that have to wait for it and do not judge it. */
export const missedSoon: Partial<RedisTiming> = { pulseMs: 600, deadAfterMs: 2_400, sweeperMs: 1_800 };

/** `broker` may depend on the world's directory; `config` and `redisTiming` are the workers'. */
export function createFaultWorld(
  broker: (directory: string) => string,
  config: Config = {},
  redisTiming: Partial<RedisTiming> = {},
): FaultWorld {
  const directory = mkdtempSync(join(tmpdir(), "celeriac-fault-"));
  const ledgerPath = join(directory, "ledger");
  writeFileSync(ledgerPath, "");
  const url = broker(directory);
  const environment = {
    ...process.env,
    CELERY_BROKER_URL: url,
    FAULT_LEDGER: ledgerPath,
    FAULT_CONFIG: JSON.stringify(config),
    FAULT_REDIS_TIMING: JSON.stringify(redisTiming),
  };
  const client = createClient(url, config.resultBackend ?? undefined);
  const workers: FaultWorker[] = [];
  return {
    directory,
    broker: url,
    environment,
    client,
    ledger: () =>
      readFileSync(ledgerPath, "utf8")
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => {
          const [what, n, retries, pid, id = ""] = line.split(" ");
          return { what: what as LedgerLine["what"], n: Number(n), retries: Number(retries), pid: Number(pid), id };
        }),
    async startWorker(program) {
      const { dieAt } = program;
      const own = dieAt === undefined ? environment : { ...environment, FAULT_DIE_AT: `${dieAt.point}:${dieAt.times}` };
      const worker = await startWorkerProcess(program, own);
      workers.push(worker);
      return worker;
    },
    async dispose() {
      await client.app.close();
      for (const { process: child } of workers) {
        child.kill("SIGCONT");
        child.kill("SIGKILL");
      }
      await Promise.all(workers.map(({ ended }) => ended));
      rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function startWorkerProcess(program: WorkerProgram, environment: NodeJS.ProcessEnv): Promise<FaultWorker> {
  const argv = [programPath("fault/worker"), JSON.stringify(program)];
  const child = spawn(process.execPath, argv, { env: environment, stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const lines = createInterface({ input: child.stdout });
  const messages: Record<string, unknown>[] = [];
  const ready = new Promise<void>((resolve, reject) => {
    lines.on("line", (line) => {
      if (!line.startsWith("{")) return;
      const message = JSON.parse(line) as Record<string, unknown>;
      messages.push(message);
      if (message["ready"] === true) resolve();
    });
    void ended.then(() => reject(new Error(`the worker ended before it was ready:\n${log}`)));
  });
  await ready;
  const pid = child.pid!;
  return {
    process: child,
    pid,
    log: () => log,
    ended,
    children: () => childrenOf(pid),
    async stop() {
      child.kill("SIGTERM");
      await ended;
      const stopped = messages.find((message) => "stopped" in message);
      if (stopped === undefined) throw new Error(`the worker did not stop in good order:\n${log}`);
      return stopped["stopped"] as Readonly<Record<string, number>>;
    },
  };
}

/** Child processes of `pid`, from the kernel. */
export function childrenOf(pid: number): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

export function isAlive(pid: number): boolean {
  try {
    const state = /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return state !== undefined && state !== "Z" && state !== "X";
  } catch {
    return false;
  }
}
