/** The app of the tests of a worker on memory://: every process and thread that loads it has a space of its own under that name. */
import { createApp } from "@celeriac/core";

export const app = createApp("memory", { broker: "memory://worker-test" });

export const add = app.task("memory.add", (x: number, y: number) => x + y);
export const flaky = app.bound("memory.flaky", { maxRetries: 3 }, (self, times: number) => {
  if (self.request.retries < times) throw self.retry({ countdown: "20ms" });
  return self.request.retries;
});
export const told = app.bound("memory.told", async (self) => {
  await self.progress({ done: 0.5 });
  return "told";
});
/** Fails: what runs a task shares no memory with what took it. */
export const sender = app.task("memory.sender", async () => (await add.delay(1, 1)).id);
export const reader = app.task("memory.reader", async (id: string) => (await add.result(id).snapshot()).state);
