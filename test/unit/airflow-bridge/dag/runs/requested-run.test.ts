/** dag.trigger(): a run in the store of the app, and the wait for its end. */
import { type App, createApp } from "@celeriac/core";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { dag } from "../../../../../packages/airflow-bridge/src/dag/definition/dag.ts";
import { openDagStore } from "../../../../../packages/airflow-bridge/src/dag/store/open-store.ts";
import type { DagStore } from "../../../../../packages/airflow-bridge/src/dag/store/store.ts";
import { systemClock } from "../../../../../packages/core/src/clock.ts";
import { silentLogger } from "../../../../../packages/core/src/logger.ts";
import { temporaryDirectory } from "../../../../support/private-process.ts";

let folder: ReturnType<typeof temporaryDirectory>;
let store: DagStore;
let app: App;
beforeEach(async () => {
  folder = temporaryDirectory("dag-trigger");
  const url = `sqlite://${folder.path}/dags.db`;
  vi.stubEnv("CELERIAC_DAG_STORE_URL", url);
  const context = { clock: systemClock, logger: silentLogger, credentials: null, durability: "process", defaultPoolSlots: 128 } as const;
  store = await openDagStore(url, context);
  app = createApp("shop", { broker: "memory://" });
});
afterEach(async () => {
  await app.close();
  await store.close();
  folder.remove();
});

async function schedulerSees(dagId: string): Promise<void> {
  await store.write(({ dags }) => dags.putAll([{ dagId, maxActiveRuns: 16, shape: "{}", seenAt: 0 }]));
}

it("makes a run, and waits until a scheduler has ended it", async () => {
  const etl = dag(app, "etl", {}, () => {});
  await expect(etl.trigger()).rejects.toMatchObject({ code: "DAG_UNKNOWN" });
  await schedulerSees("etl");
  const run = await etl.trigger({ logicalDate: new Date("2026-03-01T00:00:00Z"), params: { x: 1 } });
  expect(run.runId).toMatch(/^manual__2026-03-01T00:00:00\+00:00_/);
  const place = { dagId: "etl", runId: run.runId };
  expect(await store.read(({ runs }) => runs.find(place))).toMatchObject({
    state: "queued",
    params: { x: 1 },
    logicalDate: Date.parse("2026-03-01"),
  });
  const ended = run.wait();
  await store.write(({ runs }) => runs.set(place, { state: "failed" }));
  expect(await ended).toEqual({ state: "failed" });
});

it("takes an id, once, and refuses options that it does not have", async () => {
  const etl = dag(app, "etl", {}, () => {});
  await schedulerSees("etl");
  expect((await etl.trigger({ runId: "mine" })).runId).toBe("mine");
  await expect(etl.trigger({ runId: "mine" })).rejects.toMatchObject({ code: "DAG_RUN_EXISTS" });
  await expect(etl.trigger({ runid: "x" } as never)).rejects.toMatchObject({ code: "CONFIG_UNKNOWN" });
});

it("waits neither longer than told, nor when it is aborted, nor when the app closes", async () => {
  const etl = dag(app, "etl", {}, () => {});
  await schedulerSees("etl");
  const run = await etl.trigger();
  await expect(run.wait({ timeout: "1ms" })).rejects.toMatchObject({ code: "DAG_RUN_TIMEOUT" });
  await expect(run.wait({ signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
  const aborting = new AbortController();
  const waits = [run.wait({ signal: aborting.signal }), run.wait({ timeout: Number.POSITIVE_INFINITY })];
  aborting.abort(new Error("enough"));
  await expect(waits[0]).rejects.toThrow("enough");
  await app.close();
  await expect(waits[1]).rejects.toMatchObject({ code: "APP_CLOSED" });
});
