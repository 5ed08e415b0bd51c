/** The TypeScript side of the interop tests; broker, backend and queues come from the environment. */
import { type Config, createApp, type TaskQueues } from "@celeriac/core";

const queues = process.env["TASK_QUEUES"];
const prefix = process.env["KEY_PREFIX"];
const config: Config = {
  resultExtended: true,
  acceptContent: ["json", "yaml"],
  workerSendTaskEvents: process.env["TASK_EVENTS"] === "yes",
  ...(queues === undefined ? {} : { taskQueues: JSON.parse(queues) as TaskQueues }),
  ...(prefix === undefined ? {} : { brokerTransportOptions: { globalKeyprefix: prefix } }),
};
export const app = createApp("interop", { config });

const add = app.task("js.add", { params: ["x", "y"] }, (x: number, y: number) => x + y);
app.bound("js.spread", async (self, x: number, y: number) => {
  await self.addToChord(add.s(x, y).set({ queue: self.request.queue }));
  return x + y;
});
app.task("js.total", (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0));
app.task("js.echo", (...args: unknown[]) => args);
app.task("js.fail", (message: string) => {
  throw new RangeError(message);
});
app.bound("js.retry", { maxRetries: 5 }, async (self, times: number) => {
  if (self.request.retries < times) throw self.retry({ countdown: 0, cause: new Error("not yet") });
  return self.request.retries;
});
app.bound("js.request", (self) => ({
  ...self.request,
  eta: self.request.eta?.toISOString() ?? null,
  expires: self.request.expires?.toISOString() ?? null,
}));
/** Runs until it is told to end. */
app.bound("js.wait", { trackStarted: true }, async (self) => {
  await new Promise((_, reject) => self.signal.addEventListener("abort", () => reject(self.signal.reason)));
});
/** When it began, epoch seconds. */
app.task("js.now", () => Date.now() / 1_000);
app.task("js.length", (text: string) => text.length);
app.task("js.big", (size: number) => "x".repeat(size));
app.task("js.silent", { ignoreResult: true }, () => "never stored");
app.bound("js.child", async () => {
  await app.sendTask("js.add", [1, 1]);
  return "sent";
});
/** Under the name of a Python task: whoever of both kinds is free takes it. */
app.task("py.echo", (...args: unknown[]) => ({ args, kwargs: {}, by: "js" }));
