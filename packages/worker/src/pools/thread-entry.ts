/** Where a thread of a pool starts. Frames come and go through the port to the thread that made it, one transferred buffer a turn. */
import { parentPort, receiveMessageOnPort } from "node:worker_threads";
import { captureLines, currentRunId, systemClock } from "@celeriac/core/runtime";
import { ExecutorHost } from "./executor-host.ts";
import type { FrameWriter } from "./frames.ts";
import { loadExecute } from "./load-execute.ts";

const port = parentPort;
if (port === null) throw new Error("This module is started as a thread by a pool");

const host = new ExecutorHost({
  clock: systemClock,
  open: loadExecute,
  currentRunId,
  send(frames: FrameWriter): void {
    const bytes = frames.take();
    port.postMessage(bytes, [bytes.buffer]);
  },
  look() {
    for (let found = receiveMessageOnPort(port); found !== undefined; found = receiveMessageOnPort(port)) receive(found.message);
  },
  // In a thread this ends the thread only.
  end: (code) => process.exit(code),
});
captureLines(process.stdout, (line) => host.output("stdout", line));
captureLines(process.stderr, (line) => host.output("stderr", line));
process.on("exit", () => host.flush());
process.on("unhandledRejection", (reason) => host.unhandled(reason));
port.on("message", receive);

function receive(bytes: Uint8Array): void {
  host.receive(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}
