/** RabbitMQ short of memory or disk: calls are held back, told, ended in time, and none is lost or sent twice. */
import { type App, createApp } from "@celeriac/core";
import { runtimeOf } from "@celeriac/core/runtime";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { createNotebook, type Notebook } from "../support/notebook.ts";
import { type RabbitmqServer, startRabbitmq } from "../support/rabbitmq-server.ts";

let server: RabbitmqServer;
const apps: App[] = [];

beforeAll(async () => {
  server = await startRabbitmq();
});
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});
afterAll(async () => {
  await server?.stop();
});

/** A producer whose connection has sent before, as one that is at work. */
async function openApp(url: string, config: object): Promise<{ readonly app: App; readonly notes: Notebook }> {
  const notes = createNotebook();
  const app = createApp("alarm", { broker: url, backend: "disabled", config });
  apps.push(app);
  runtimeOf(app)!.setLogger(notes.logger);
  await send(app, "before");
  return { app, notes };
}

function send(app: App, taskId: string): Promise<unknown> {
  return Promise.resolve(app.sendTask("t", [], { queue: "alarmed", taskId }));
}

const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => null,
    ({ code, message }: { code: string; message: string }) => ({ code, message }),
  );

const alarms = [
  {
    name: "memory",
    raise: "vm_memory_monitor:set_vm_memory_high_watermark({absolute, 1}).",
    clear: "vm_memory_monitor:set_vm_memory_high_watermark(0.4).",
  },
  {
    name: "disk",
    raise: 'rabbit_disk_monitor:set_disk_free_limit("1000000GB").',
    clear: 'rabbit_disk_monitor:set_disk_free_limit("50MB").',
  },
] as const;

describe.each(alarms)("while RabbitMQ is short of $name", ({ name, raise, clear }) => {
  test("calls wait until it is not, or until publishTimeout, and none is lost or sent twice", async () => {
    const url = await server.vhost(`alarm-${name}`);
    const patient = await openApp(url, { publishTimeout: "1h" });
    const hasty = await openApp(url, { publishTimeout: "500ms" });
    await server.evaluate(raise);
    try {
      // Written before the connection knows: RabbitMQ reads it when it reads again.
      const calls = [send(patient.app, "first")];
      expect(await codeOf(send(hasty.app, "unanswered"))).toMatchObject({ code: "PUBLISH_UNCERTAIN" });
      await eventually(async () => expect(await patient.app.health()).toEqual({ broker: "blocked", backend: "disabled" }));
      for (let n = 0; n < 100; n++) calls.push(send(patient.app, `held-${n}`));
      expect(await codeOf(send(hasty.app, "given-up"))).toMatchObject({
        code: "PUBLISH_REJECTED",
        message: expect.stringContaining("takes no publications now"),
      });
      expect(await patient.app.health()).toEqual({ broker: "blocked", backend: "disabled" });
      await server.evaluate(clear);
      await Promise.all(calls);
    } finally {
      await server.evaluate(clear);
    }
    expect(await patient.app.health()).toEqual({ broker: "up", backend: "disabled" });
    const told = patient.notes.lines.filter(({ message }) => message.includes("publications"));
    expect(told).toEqual([
      {
        level: "warn",
        message: "RabbitMQ takes no publications now; they wait",
        fields: expect.objectContaining({ reason: expect.any(String) }),
      },
      { level: "info", message: "RabbitMQ takes publications again", fields: expect.objectContaining({ waited: 100 }) },
    ]);
    const { broker } = await runtimeOf(patient.app)!.links();
    const ids = (await broker.queues.peek("alarmed", 1_000)).map(({ headers }) => headers["id"]);
    // Two producers sent one before; the uncertain one has arrived.
    const held = Array.from({ length: 100 }, (_, n) => `held-${n}`);
    expect(ids.toSorted()).toEqual(["before", "before", "first", "unanswered", ...held].toSorted());
    expect(ids.filter((id) => String(id).startsWith("held-"))).toEqual(held);
  });
});
