/** A settlement when the file cannot take it, and what a subscriber learns when its I/O thread is gone. */
import { Worker } from "node:worker_threads";
import { describe, expect, test, vi } from "vitest";
import { createSqliteBackend } from "../../../../packages/core/src/backends/sqlite.ts";
import { createDelivery } from "../../../../packages/core/src/brokers/sqlite/delivery.ts";
import { systemClock } from "../../../../packages/core/src/clock.ts";
import { StoreError } from "../../../../packages/core/src/sqlite/failure.ts";
import type { Store } from "../../../../packages/core/src/sqlite/store.ts";
import { settle } from "../../../conformance/broker/world.ts";
import { driverContext } from "../../../support/driver-context.ts";
import { createEnvelope } from "../../../support/envelopes.ts";
import { eventually } from "../../../support/eventually.ts";
import { createSqliteFile } from "../../../support/sqlite-file.ts";

const message = { consumer: 1, id: 7, queue: "q", deliveries: 0, redelivered: false, size: 0 };

/** A store that answers as the script says, one step for each operation. */
function scripted(steps: readonly ("full" | "broken" | "settled")[]) {
  const asked: string[] = [];
  const run = async (kind: string) => {
    const step = steps[asked.length];
    asked.push(kind);
    if (step === "settled") return "settled";
    const failed = step === "full" ? "STORE_FULL" : "BROKER_REFUSED";
    throw new StoreError({ failed, message: String(step), uncertain: false });
  };
  return { asked, store: { run } as unknown as Store };
}

function deliveryOn(store: Store, lost = new AbortController()) {
  return {
    lost,
    delivery: createDelivery(message, createEnvelope(), { store, clock: systemClock, lost: lost.signal, settlesResults: false }),
  };
}

describe("a settlement", () => {
  test("waits in memory while the disk is full", async () => {
    const { asked, store } = scripted(["full", "full", "settled"]);
    const { delivery } = deliveryOn(store);
    expect(await settle(delivery)).toBe("settled");
    expect(asked).toEqual(["settle", "settle", "settle"]);
    expect(await settle(delivery)).toBe("lost");
  });

  test("is lost when its claim ends while it waits", async () => {
    const { asked, store } = scripted(["full", "settled"]);
    const { delivery, lost } = deliveryOn(store);
    const outcome = settle(delivery);
    await eventually(() => asked.length === 1);
    lost.abort();
    expect(await outcome).toBe("lost");
    expect(asked).toEqual(["settle"]);
  });

  test("may be repeated when the file could not be asked", async () => {
    const { store } = scripted(["broken", "settled"]);
    const { delivery } = deliveryOn(store);
    await expect(settle(delivery)).rejects.toMatchObject({ code: "BROKER_REFUSED" });
    expect(await settle(delivery)).toBe("settled");
  });

  test("refuses a result that the file does not keep", async () => {
    const { store } = scripted(["settled"]);
    const { delivery } = deliveryOn(store);
    const result = { taskId: "t", state: "SUCCESS", attempt: 0, text: "{}", expiresMs: null, replyTo: null };
    await expect(delivery.settle({ results: [result], publish: [], then: { kind: "acknowledge" } })).rejects.toMatchObject({
      code: "BROKER_REFUSED",
    });
    expect(await settle(delivery)).toBe("settled");
  });
});

test("a subscription survives the end of its I/O thread", { timeout: 30_000 }, async () => {
  const file = await createSqliteFile();
  const posts = vi.spyOn(Worker.prototype, "postMessage");
  const backend = createSqliteBackend(file.url, driverContext());
  const heard: string[] = [];
  await backend.subscribe("task", (text) => heard.push(text));
  await Promise.all([...new Set(posts.mock.contexts)].map((thread) => (thread as Worker).terminate()));
  posts.mockRestore();
  const store = (text: string, attempt: number) =>
    backend.store({ taskId: "task", state: "RETRY", attempt, text, expiresMs: null, replyTo: null });
  expect(await store("one", 0)).toBe("stored");
  await eventually(() => heard.includes("one"));
  await store("two", 1);
  await eventually(() => heard.includes("two"));
  await backend.close();
  await file.remove();
});
