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
