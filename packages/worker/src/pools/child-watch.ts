/**
 * The thread in a child process that stands beside user code: it ends the process when its parent is gone, and tells its parent what the main
 * thread executes when it is asked, both even while that computes. It asks nothing of the main thread, and loads nothing until it is asked.
 */
import { Socket } from "node:net";
import { workerData } from "node:worker_threads";

// The parent writes a byte to ask; the pipe ends when it dies, however it dies.
const pipe = new Socket({ fd: (workerData as { fd: number }).fd, readable: true, writable: true });
pipe.on("error", () => pipe.destroy());
pipe.on("close", () => process.kill(process.pid, "SIGKILL"));
let answering = Promise.resolve();
pipe.on("data", (asked: Buffer) => {
  for (let count = 0; count < asked.length; count++) answering = answering.then(answer);
});

/** A line of JSON: the stack, or null where it cannot be told. */
async function answer(): Promise<void> {
  let stack: readonly string[] | null = null;
  try {
    const { mainThreadStack } = await import("./thread-stack.ts");
    stack = await mainThreadStack();
  } catch {
    // A Node without an inspector.
  }
  if (pipe.writable) pipe.write(`${JSON.stringify(stack)}\n`);
}
