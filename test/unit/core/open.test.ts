/** Which result backend a URL of Celery's database family opens. */
import { randomUUID } from "node:crypto";
import { createApp } from "@celeriac/core";
import { runtimeOf } from "@celeriac/core/runtime";
import { expect, it, onTestFinished } from "vitest";
import { createSqliteFile } from "../../support/sqlite-file.ts";

function openLinks(backend: string, config: object = {}) {
  const runtime = runtimeOf(createApp("open", { broker: `memory://${randomUUID()}`, backend, config }))!;
  onTestFinished(() => runtime.close());
  return runtime.links();
}

it("db+sqlite:// keeps results in that file, in tables of our own", async () => {
  const file = await createSqliteFile();
  onTestFinished(() => file.remove());
  const { backend } = await openLinks(`db+sqlite:///${file.path}`);
  const record = { taskId: "t", state: "SUCCESS", attempt: 0, text: "{}", expiresMs: null, replyTo: null };
  expect(await backend!.store(record)).toBe("stored");
  expect(file.rows("select task_id from result")).toEqual([["t"]]);
});

it.each(["sqlite://./a.db", "redis://host", "memory://"])("celeryTables is refused where the results are in %s", async (backend) => {
  await expect(openLinks(backend, { celeryTables: true })).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringContaining(backend),
  });
});

it("a database of another kind is refused, with what there is", async () => {
  await expect(openLinks("db+mysql://me:s3cret@host/shop")).rejects.toMatchObject({
    code: "CONFIG_URL",
    message: expect.stringMatching(/^(?!.*s3cret).*db\+mysql:\/\/.*db\+postgresql:\/\//),
  });
});

it("schedules are kept with the broker, else where the coordinator or the results are", async () => {
  const storeOf = (options: { broker: string; backend?: string; config?: object }) => {
    const runtime = runtimeOf(createApp("open", options))!;
    onTestFinished(() => runtime.close());
    return runtime.scheduleStore();
  };
  const memory = `memory://${randomUUID()}`;
  const kept = await storeOf({ broker: memory });
  await kept.lead("a", 60_000);
  expect(await (await storeOf({ broker: "amqp://localhost", config: { coordinator: memory } })).lead("b", 1)).toMatchObject({
    token: null,
  });
  expect(await (await storeOf({ broker: "redis://localhost", config: { scheduleStore: memory } })).lead("b", 1)).toMatchObject({
    token: null,
  });
  await expect(storeOf({ broker: "amqp://localhost", backend: "db+postgresql://localhost/x" })).resolves.toBeDefined();
  await expect(storeOf({ broker: "amqp://localhost", backend: "rpc://" })).rejects.toMatchObject({
    code: "SCHEDULE_STORE_MISSING",
    message: expect.stringContaining("`scheduleStore`"),
  });
});
