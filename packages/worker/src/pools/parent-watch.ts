/** The thread in a child process that ends the process when its parent is gone, even while the main thread computes. */
import { Socket } from "node:net";
import { workerData } from "node:worker_threads";

// The parent never writes here; the pipe ends when it dies, however it dies.
const pipe = new Socket({ fd: (workerData as { fd: number }).fd, readable: true, writable: false });
pipe.on("error", () => pipe.destroy());
pipe.on("close", () => process.kill(process.pid, "SIGKILL"));
pipe.resume();
