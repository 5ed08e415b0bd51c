/**
 * Starts the process of one try and speaks Airflow's coordinator protocol with it, from the supervisor's side: two loopback ports, one for
 * frames, one for log records, both told on the command line.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { Readable } from "node:stream";
import { CeleriacError, type Clock, type Timer } from "@celeriac/core/runtime";
import { encodeFrame, type Frame, FrameReader } from "./frames.ts";
import { cutLines } from "./lines.ts";
import { isFromProcess } from "./peer.ts";

export interface ChildCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface ChildListener {
  frame(frame: Frame): void;
  /** a log record, one line of JSON */
  record(line: string): void;
  printed(stream: "stdout" | "stderr", line: string): void;
  /** once, when it is gone and all that it sent has been heard */
  exited(end: ChildEnd): void;
}

export interface ChildEnd {
  /** null: it was ended by a signal, or never began */
  readonly code: number | null;
  /** such as "exit code 1" or "signal SIGKILL" */
  readonly how: string;
}

export interface TaskChild {
  readonly pid: number;
  send(frame: Frame): void;
  /** SIGTERM, which tells it to end; some seconds later SIGKILL, to it and to what it has started. Once is enough. */
  terminate(): void;
  /** SIGKILL at once. */
  kill(): void;
}

export interface ChildLimits {
  /** how long it may take to connect; Airflow's own coordinators give 10 s */
  readonly startMs: number;
  /** between SIGTERM and SIGKILL; as Airflow's supervisor, 5 s */
  readonly escalateMs: number;
}

/** A process of its own that holds the child's output open must not keep its end secret for longer than this. */
const drainMs = 1_000;
const host = "127.0.0.1";

/** Resolves when it has made both connections. Throws AIRFLOW_LAUNCHER; then it is gone, and `exited` is not told. */
export async function startChild(command: ChildCommand, listener: ChildListener, limits: ChildLimits, clock: Clock): Promise<TaskChild> {
  const comm = createServer();
  const logs = createServer();
  const ports = await Promise.all([comm, logs].map(listen));
  const child = spawn(command.command, [...command.args, `--comm=${host}:${ports[0]}`, `--logs=${host}:${ports[1]}`], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...command.env },
    // Signals to the worker's process group are for the worker: it decides when its tasks end.
    detached: true,
  });
  const end = endOf(child, clock);
  print(child.stdout, (line) => listener.printed("stdout", line));
  print(child.stderr, (line) => listener.printed("stderr", line));
  const kill = () => signalGroup(child, "SIGKILL");
  const limit = late(limits.startMs, clock);
  try {
    const [frames, records] = await Promise.race([
      Promise.all([accept(comm, child, clock), accept(logs, child, clock)]),
      end.then(({ how }) => Promise.reject(failed(`it ended before it connected (${how})`))),
      limit.never,
    ]);
    return connected(child, { frames, records }, { listener, end, kill, limits, clock });
  } catch (error) {
    kill();
    throw error;
  } finally {
    limit.cancel();
    comm.close();
    logs.close();
  }
}

interface Connected {
  readonly listener: ChildListener;
  readonly end: Promise<ChildEnd>;
  readonly kill: () => void;
  readonly limits: ChildLimits;
  readonly clock: Clock;
}

function connected(
  child: ChildProcess,
  { frames, records }: { readonly frames: Socket; readonly records: Socket },
  { listener, end, kill, limits, clock }: Connected,
): TaskChild {
  const reader = new FrameReader((frame) => listener.frame(frame));
  const heard = Promise.all([closed(frames), closed(records)]);
  let escalation: Timer | null = null;
  frames.on("data", (chunk: Buffer) => {
    try {
      reader.add(chunk);
    } catch (error) {
      listener.printed("stderr", `The task's process broke the protocol: ${String(error)}`);
      frames.destroy();
      kill();
    }
  });
  print(records, (line) => listener.record(line));
  void end.then(async (how) => {
    escalation?.cancel();
    await Promise.race([heard, clock.sleep(drainMs)]);
    frames.destroy();
    records.destroy();
    listener.exited(how);
  });
  return {
    pid: child.pid!,
    send(frame) {
      if (frames.writable) frames.write(encodeFrame(frame));
    },
    terminate() {
      if (escalation !== null) return;
      child.kill("SIGTERM");
      escalation = clock.after(limits.escalateMs, kill);
    },
    kill,
  };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((ready, refused) => server.once("error", refused).listen(0, host, ready));
  return (server.address() as AddressInfo).port;
}

/** The first connection that is the child's own. */
function accept(server: Server, child: ChildProcess, clock: Clock): Promise<Socket> {
  return new Promise((accepted) => {
    server.on("connection", (socket) => {
      socket.on("error", () => socket.destroy());
      void isFromProcess(socket, child.pid ?? 0, clock).then((isOurs) => (isOurs ? accepted(socket) : socket.destroy()));
    });
  });
}

/** Rejects when the time is over, unless it was cancelled. */
function late(startMs: number, clock: Clock): { readonly never: Promise<never>; cancel(): void } {
  let timer: Timer | null = null;
  const never = new Promise<never>((_, over) => {
    timer = clock.after(startMs, () => over(failed(`it did not connect within ${startMs} ms`)));
  });
  return { never, cancel: () => timer?.cancel() };
}

function failed(why: string): CeleriacError {
  return new CeleriacError("AIRFLOW_LAUNCHER", `The task's process could not be started: ${why}`);
}

/** Resolves when the process is gone and its output is read, or held open by somebody else. */
function endOf(child: ChildProcess, clock: Clock): Promise<ChildEnd> {
  return new Promise((ended) => {
    // With a pid it is only a signal that could not be sent.
    child.on("error", ({ message }) => child.pid === undefined && ended({ code: null, how: message }));
    child.once("exit", (code, signal) => {
      const end = { code, how: signal === null ? `exit code ${code}` : `signal ${signal}` };
      const timer = clock.after(drainMs, () => ended(end));
      child.once("close", () => {
        timer.cancel();
        ended(end);
      });
    });
  });
}

function print(stream: Readable | null, emit: (line: string) => void): void {
  const lines = cutLines(emit);
  stream?.on("data", (chunk: Buffer) => lines.add(chunk));
  stream?.on("end", () => lines.end());
  stream?.on("error", () => {});
}

function closed(socket: Socket): Promise<void> {
  return new Promise((done) => socket.once("close", () => done()));
}

/** The child leads a group of its own. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // Nothing is left of the group.
  }
}
