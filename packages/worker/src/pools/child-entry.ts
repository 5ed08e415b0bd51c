/**
 * Where a child process of a pool starts. It reads frames from fd 3 and writes its own to fd 4, synchronously: what it has reported
 * is in the kernel's hands before the next user code begins, so a killed child takes no outcome with it.
 */
import { readSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import { Worker } from "node:worker_threads";
import { captureLines, currentRunId, systemClock, threadEntry } from "@celeriac/core/runtime";
import { ExecutorHost } from "./executor-host.ts";
import type { FrameWriter } from "./frames.ts";
import { loadExecute } from "./load-execute.ts";

const inboxFd = 3;
const outboxFd = 4;
const parentFd = 5;
const scratch = Buffer.alloc(1 << 16);
const watchAfterMs = 1_000;
const pause = new Int32Array(new SharedArrayBuffer(4));

/** Signals meant for the whole process group or container: the worker decides when its children end. SIGUSR1 would have Node open a debugger's port. */
const unheeded = ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"] as const;
const heedNot = () => {};
for (const signal of unheeded) process.on(signal, heedNot);

// Without the kernel's help a child that computes would not notice that its parent is gone: a thread watches in its place. With it the thread
// only tells stacks, and comes when the child has started.
if (process.argv[2] === "--watch-parent") openWatch();
else systemClock.after(watchAfterMs, openWatch, { background: true });

const host = new ExecutorHost({
  clock: systemClock,
  open: loadExecute,
  currentRunId,
  send,
  look,
  raise,
  end: (code) => process.exit(code),
});
captureLines(process.stdout, (line) => host.output("stdout", line));
captureLines(process.stderr, (line) => host.output("stderr", line));
process.on("exit", () => host.flush());
process.on("unhandledRejection", (reason) => host.unhandled(reason));

const inbox = new Socket({ fd: inboxFd, readable: true, writable: false });
inbox.on("data", (chunk: Buffer) => host.receive(chunk));
inbox.on("close", () => process.kill(process.pid, "SIGKILL"));
inbox.on("error", () => inbox.destroy());

function openWatch(): void {
  const { url, execArgv } = threadEntry(import.meta.url, "./child-watch");
  new Worker(url, { execArgv: [...execArgv], workerData: { fd: parentFd } }).unref();
}

/** What lies in the inbox was read by nobody: the event loop hands on at once what it reads. Its end is the event loop's to notice. */
function look(): void {
  for (let length = 1; length > 0; ) {
    try {
      length = readSync(inboxFd, scratch);
    } catch {
      // EAGAIN: there is nothing.
      return;
    }
    // Runs are kept as the bytes in which they came.
    if (length > 0) host.receive(Buffer.from(scratch.subarray(0, length)));
  }
}

/** Where user code listens to the signal itself it may do what it has to; else this is the end. */
function raise(signal: NodeJS.Signals): void {
  process.off(signal, heedNot);
  process.kill(process.pid, signal);
}

function send(frames: FrameWriter): void {
  frames.drain(writeAll);
}

function writeAll(bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(outboxFd, bytes, at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EAGAIN") Atomics.wait(pause, 0, 0, 1);
      // EPIPE: nobody is left to report to.
      else process.kill(process.pid, "SIGKILL");
    }
  }
}
