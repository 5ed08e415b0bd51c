/** Runs the programs of a measurement, within limits: nothing hangs, and nothing is left behind. */
import { type PrivateProcess, startPrivateProcess } from "../test/support/private-process.ts";
import { type Program, programFolder } from "./peers.ts";

/** A producer's line of JSON; rejects with its output when it fails or does not end in time. */
export async function runProducer(program: Program, limitMs: number): Promise<ProducerAnswer> {
  const running = start(program);
  try {
    const end = await within(running.ended, limitMs, () => `${nameOf(program)} did not end within ${limitMs} ms:\n${running.output()}`);
    const line = running
      .output()
      .split("\n")
      .findLast((text) => text.startsWith("{"));
    if (end !== 0 || line === undefined) throw new Error(`${nameOf(program)} ended with ${end}:\n${running.output()}`);
    return JSON.parse(line) as ProducerAnswer;
  } finally {
    await running.stop({ signal: "SIGKILL" });
  }
}

/** What it tells depends on what it was asked. */
export interface ProducerAnswer {
  readonly seconds?: number;
  readonly cpuMs?: number;
  readonly waiting?: number;
  readonly resultMs?: readonly number[];
}

export interface RunningWorkers {
  readonly pids: readonly number[];
  /** Throws with its output when one of them has ended. */
  check(): void;
  stop(): Promise<void>;
}

const startLimitMs = 60_000;

export async function startWorkers(programs: readonly Program[]): Promise<RunningWorkers> {
  const running = programs.map((program) => ({ program, process: start(program), end: null as number | string | null }));
  for (const worker of running)
    worker.process.ended.then(
      (end) => {
        worker.end = end;
      },
      (error: Error) => {
        worker.end = error.message;
      },
    );
  const stop = async () => {
    await Promise.all(running.map((worker) => worker.process.stop({ signal: "SIGKILL" })));
  };
  try {
    await Promise.all(running.map((worker) => worker.process.wrote(/^ready$/m, startLimitMs)));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    pids: running.map((worker) => worker.process.pid),
    check() {
      for (const { program, process, end } of running)
        if (end !== null) throw new Error(`${nameOf(program)} ended (${end}) while it was measured:\n${process.output().slice(-4_000)}`);
    },
    stop,
  };
}

/** Rejects with `message()` when `promise` takes longer. */
export async function within<T>(promise: Promise<T>, limitMs: number, message: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(message())), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function start({ command, args, env }: Program): PrivateProcess {
  return startPrivateProcess({ command, args, env, cwd: programFolder });
}

function nameOf({ command, args }: Program): string {
  return `${command} ${args.slice(0, 2).join(" ")}`;
}
