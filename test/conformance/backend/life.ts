/** Result backend cases: results that end, and backends that are opened and closed. */
import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { collect, type Suite, seen } from "./world.ts";

export function describeLife(suite: Suite): void {
  it("lets a result go after its time", async () => {
    const record = suite.record({ expiresMs: 60 });
    const watch = suite.world().shared ? null : await collect(suite.caller(), record.taskId);
    expect(await suite.worker().store(record)).toBe("stored");
    if (watch === null) await eventually(async () => expect(await suite.caller().get(record.taskId)).toBeNull());
    else await eventually(() => expect(watch.last()?.status).toBe("SUCCESS"));
    watch?.close();
  });

  it("keeps a result without time limit", async () => {
    const record = suite.record({ expiresMs: null, value: "kept" });
    const watch = await collect(suite.caller(), record.taskId);
    await suite.worker().store(record);
    await eventually(async () => expect(seen(await suite.caller().get(record.taskId))?.result).toBe("kept"));
    watch.close();
    await suite.caller().forget(record.taskId);
  });

  it("is healthy while its server answers", async () => {
    await suite.caller().health();
    expect(await suite.caller().facts()).toMatchObject({
      software: expect.stringMatching(/^(Redis \d|RabbitMQ \d|PostgreSQL \d|SQLite|memory)/),
    });
  });

  it("can be connected and closed twice, and closed without having been connected", async () => {
    const unused = suite.world().open();
    await unused.close();
    const backend = suite.world().open();
    await Promise.all([backend.connect(), backend.connect()]);
    await Promise.all([backend.close(), backend.close()]);
    await expect(backend.get(randomUUID())).rejects.toThrow();
  });
}
