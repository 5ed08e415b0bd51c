/** Aborting from another process, on each broker: what runs is told within a moment, what waits never begins. */
import { type App, type AsyncResult, createApp, groupOf } from "@celeriac/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type InteropWorker, startInteropWorker } from "../support/interop/worker.ts";
import { amqpUrl, redisUrl } from "../support/servers.ts";
import { createSqliteFile } from "../support/sqlite-file.ts";

interface Place {
  readonly url: string;
  remove(): Promise<void>;
}

const ofServer = async (url: Promise<string>): Promise<Place> => ({ url: await url, remove: async () => {} });

const brokers = [
  { name: "sqlite", open: createSqliteFile as () => Promise<Place> },
  { name: "redis", open: () => ofServer(redisUrl()) },
  { name: "rabbitmq", open: () => ofServer(amqpUrl()) },
];

describe.each(brokers)("abort() on $name", ({ open }) => {
  let app: App;
  let worker: InteropWorker;
  let place: Place;
  beforeAll(async () => {
    place = await open();
    const broker = place.url;
    app = createApp("aborting", { broker });
    worker = await startInteropWorker({ broker, backend: "", queue: "celery" });
  });
  afterAll(async () => {
    await worker?.stop();
    await app?.close();
    await place?.remove();
  });

  const reasonOf = async (result: AsyncResult<unknown>) => {
    const end = await result.settled();
    return end.state === "REVOKED" ? end.error.reason : end.state;
  };

  it("reaches a task that runs in another process, and ends it", async () => {
    const running = await app.sendTask("js.wait");
    for await (const { state } of running.watch()) if (state === "STARTED") break;
    await running.abort("user left");
    expect(await reasonOf(running)).toBe("user left");
  });

  it("reaches all members of a group, those that run and those that wait", async () => {
    const wait = app.declare<() => null>("js.wait");
    const sent = await groupOf([wait.s(), wait.s(), wait.s()]).delay();
    for await (const { state } of sent.watch()) if (state === "STARTED") break;
    await sent.abort("enough");
    const ends = await sent.settledAll();
    expect(ends.map((end) => end.state === "REVOKED" && end.error.reason)).toEqual(["enough", "enough", "enough"]);
  });

  it("keeps from beginning what waits for a slot, for its time, or for nothing yet", async () => {
    const running = await app.sendTask("js.wait");
    for await (const { state } of running.watch()) if (state === "STARTED") break;
    const waiting = await app.sendTask("js.add", [1, 2]);
    const delayed = await app.sendTask("js.add", [1, 2], { countdown: "1s" });
    await waiting.abort("not needed");
    await delayed.abort("not any more");
    await running.abort();
    expect(await Promise.all([waiting, delayed, running].map(reasonOf))).toEqual(["not needed", "not any more", "aborted"]);
    expect(await app.sendTask("js.add", [1, 2]).get()).toBe(3);
  });
});
