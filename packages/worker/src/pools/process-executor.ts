/** An executor that is a child process: isolated from the worker, ended by a signal, and never outliving its parent. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import type { Duplex, Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { type Clock, LineCutter, processEntry } from "@celeriac/core/runtime";
import { endProcess, type ProcessEnd } from "./end-process.ts";
import type { ExecutorLink, LinkListener, OpenLink } from "./executor-link.ts";
import { StackRequests } from "./stack-request.ts";

/** How children are tied to the life of their parent: by the kernel, through this command, or by a thread of their own. */
export type ParentTie = readonly string[] | "watch";

const tieCommand = ["setpriv", "--pdeathsig", "KILL"] as const;
/** A grandchild that holds the child's output open must not keep its end secret for longer than this. */
const drainLimitMs = 500;
const keptErrorChars = 2_000;

/** Tries `setpriv --pdeathsig`, which not every system has (BusyBox's does not know it). */
export function findParentTie(): Promise<ParentTie> {
  if (process.platform !== "linux") return Promise.resolve("watch");
  const [command, ...args] = tieCommand;
  return new Promise((resolve) => execFile(command, [...args, "true"], (error) => resolve(error === null ? tieCommand : "watch")));
}

/** Makes an opener of child processes. `heapMb`: of each; null = Node decides. */
export function processExecutors(tie: ParentTie, clock: Clock, heapMb: number | null): OpenLink {
  return (listener) => openProcessExecutor(listener, spawnChild(tie, heapMb), clock);
}

function openProcessExecutor(listener: LinkListener, child: ChildProcess, clock: Clock): ExecutorLink {
  const [, stdout, stderr, inbox, outbox, watch] = (child.stdio ?? []) as unknown as [null, Readable, Readable, Writable, Readable, Duplex];
  const stacks = new StackRequests(watch, clock);
  let lastWords = "";
  let end: ProcessEnd | null = null;
  const kill = () => void child.kill("SIGKILL");
  const send = (bytes: Buffer<ArrayBuffer>) => {
    if (inbox?.writable) inbox.write(bytes);
  };

  // A pipe that breaks is a child that ends: it is settled when its exit is noticed.
  for (const stream of child.stdio ?? []) stream?.on("error", () => {});
  outbox?.on("data", (chunk: Buffer) => {
    end?.heard();
    listener.received(chunk);
  });
  print(stdout, (line) => listener.printed("stdout", line));
  print(stderr, (line) => {
    lastWords = `${lastWords}${line}\n`.slice(-keptErrorChars);
    listener.printed("stderr", line);
  });
  whenEnded(child, clock, (how) => {
    end?.over();
    const words = lastWords.trim();
    listener.exited({ reason: words === "" ? how : `${how}: ${words}` });
  });
  return {
    pid: child.pid ?? 0,
    send,
    stack: () => stacks.ask(),
    terminate(signal = "SIGKILL") {
      if (signal === "SIGKILL") kill();
      else end ??= endProcess({ send, kill }, signal, clock);
    },
  };
}

function spawnChild(tie: ParentTie, heapMb: number | null): ChildProcess {
  const { url, execArgv } = processEntry(import.meta.url, "./child-entry");
  const heap = heapMb === null ? [] : [`--max-old-space-size=${heapMb}`];
  const node = [process.execPath, ...heap, ...execArgv, fileURLToPath(url)];
  const [command, ...args] = tie === "watch" ? [...node, "--watch-parent"] : [...tie, ...node];
  return spawn(command as string, args, { stdio: ["ignore", "pipe", "pipe", "pipe", "pipe", "pipe"], windowsHide: true });
}

function print(stream: Readable | undefined, emit: (line: string) => void): void {
  const cutter = new LineCutter(emit);
  stream?.on("data", (chunk: Buffer) => cutter.add(chunk));
  stream?.on("end", () => cutter.end());
}

/** Calls back once, when the child is gone and its pipes are read to their ends. */
function whenEnded(child: ChildProcess, clock: Clock, ended: (how: string) => void): void {
  let how: string | null = null;
  const finish = () => {
    if (how === null) return;
    const text = how;
    how = null;
    child.removeAllListeners("close");
    for (const stream of child.stdio ?? []) stream?.destroy();
    ended(text);
  };
  child.on("error", (error) => {
    // With a pid it is only a signal that could not be sent; without, no exit will follow.
    if (child.pid !== undefined) return;
    how = `it could not be started: ${error.message}`;
    finish();
  });
  child.on("exit", (code, signal) => {
    how = signal === null ? `exit code ${code}` : `signal ${signal}`;
    // After the delay the loop polls once more before it gives up on the pipes.
    const timer = clock.after(drainLimitMs, () => setImmediate(finish));
    child.on("close", () => {
      timer.cancel();
      finish();
    });
  });
}
