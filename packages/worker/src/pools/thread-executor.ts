/** An executor that is a thread of this process: cheap to talk to, and ended even while it computes, but it shares the process's fate. */
import { Worker } from "node:worker_threads";
import { LineCutter, threadEntry } from "@celeriac/core/runtime";
import type { ExecutorLink, LinkListener } from "./executor-link.ts";

export function openThreadExecutor(listener: LinkListener): ExecutorLink {
  const { url, execArgv } = threadEntry(import.meta.url, "./thread-entry");
  const thread = new Worker(url, { execArgv: [...execArgv], stdout: true, stderr: true });
  let failure: string | null = null;
  let terminated = false;

  for (const stream of ["stdout", "stderr"] as const) {
    const cutter = new LineCutter((line) => listener.printed(stream, line));
    thread[stream].on("data", (chunk: Buffer) => cutter.add(chunk));
    thread[stream].on("end", () => cutter.end());
  }
  thread.on("message", (bytes: Uint8Array) => listener.received(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)));
  thread.on("error", (error: unknown) => {
    failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
  });
  // Node delivers what the thread had posted before it says that it is gone.
  thread.on("exit", (code) => {
    const ending = terminated ? "terminated" : `exit code ${code}`;
    listener.exited({ reason: failure === null ? ending : `${ending}: ${failure}` });
  });
  return {
    pid: process.pid,
    send: (bytes) => thread.postMessage(bytes, [bytes.buffer]),
    stack: async () => await (await import("./thread-stack.ts")).workerThreadStack(thread.threadId),
    terminate() {
      terminated = true;
      void thread.terminate();
    },
  };
}
