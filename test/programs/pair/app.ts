/** The app of the pair tests: what its producer, its worker and the worker's executors load, each with URLs of its own. */
import { createApp } from "@celeriac/core";
import { say } from "./say.ts";

export interface PairUrls {
  readonly broker?: string | undefined;
  readonly backend?: string | undefined;
  readonly queue: string;
}

export function createPairApp({ broker, backend, queue }: PairUrls) {
  const app = createApp("pair", { broker, backend, config: { taskDefaultQueue: queue } });
  const echo = app.task("pair.echo", (value: unknown) => value);
  const repeat = app.task("pair.repeat", (text: string, times: number) => text.repeat(times));
  const fail = app.task("pair.fail", (message: string) => {
    throw new RangeError(message);
  });
  /** Retries once. Its second run says so under `key`. */
  const again = app.bound("pair.again", { maxRetries: 1 }, async (self, port: number, key: string) => {
    if (self.request.retries === 0) throw self.retry({ countdown: "20ms", cause: new TypeError("not yet") });
    await say(port, key, self.request.retries);
    return self.request.retries;
  });
  /** Says under `key` what it was given, and who it is. */
  const tell = app.bound("pair.tell", async (self, value: unknown, port: number, key: string) => {
    const { id, parentId, rootId } = self.request;
    await say(port, key, { value, id, parentId, rootId });
    return value;
  });
  /** Sends a task of which it wants no result. */
  const send = app.bound("pair.send", async (self, port: number, key: string) => {
    await tell.applyAsync(["sent by a task", port, key], { ignoreResult: true });
    return self.request.id;
  });
  /** Ends its executor in its first run, retries in its second, and gives in its third what its step gave in the first, which says so under `key`. */
  const steps = app.bound("pair.steps", { maxRetries: 1 }, async (self, port: number, key: string) => {
    const first = await self.step("say", async () => {
      await say(port, key, self.request.id);
      return { at: new Date(0), deliveries: self.request.deliveryCount, big: 2n ** 70n };
    });
    if (self.request.retries === 0 && (self.request.deliveryCount ?? 0) === 0) process.exit(1);
    if (self.request.retries === 0) throw self.retry({ countdown: "20ms" });
    return [first, await self.step("second", () => self.request.retries)];
  });
  return { app, echo, repeat, fail, again, tell, send, steps };
}

export type PairApp = ReturnType<typeof createPairApp>;

const given = new URL(import.meta.url).searchParams;

/** The executors': its URLs come with the address of this module. */
export const { app } = createPairApp({
  broker: given.get("broker") ?? undefined,
  backend: given.get("backend") ?? undefined,
  queue: given.get("queue") ?? "shop",
});
