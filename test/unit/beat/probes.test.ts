/** What a beat tells over HTTP. */
import { randomUUID } from "node:crypto";
import { expect, it, onTestFinished } from "vitest";
import { createBeat } from "../../../packages/beat/src/beat.ts";
import { openProbes } from "../../../packages/beat/src/probes/probes.ts";
import { createApp, runtimeOf } from "../../../packages/core/src/app.ts";
import type { Logger } from "../../../packages/core/src/logger.ts";
import { every } from "../../../packages/core/src/schedules/interval.ts";
import { eventually } from "../../support/eventually.ts";

async function ask(url: string, path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(url + path);
  return { status: response.status, text: await response.text() };
}

it("tells whether it leads, is ready, and what it has sent", async () => {
  const app = createApp("shop", { broker: `memory://${randomUUID()}` });
  onTestFinished(() => app.close());
  app.schedule("often", every("20ms"), app.declare<() => void>("py.ping").si());
  let url = "";
  const log = (message: string, fields?: object) => {
    if (message === "probes are served") url = (fields as { url: string }).url;
  };
  const logger: Logger = { debug: log, info: log, warn: log, error: log };
  const beat = createBeat(app, { http: 0, failover: "300ms" }, { logger });
  onTestFinished(() => beat.stop());
  await beat.start();
  await eventually(() => beat.stats().sent >= 2);
  expect(await ask(url, "/livez")).toMatchObject({ status: 200, text: expect.stringContaining('"live":true,"leads":true') });
  expect(await ask(url, "/readyz")).toMatchObject({ status: 200, text: expect.stringContaining('"ready":true') });
  const { text } = await ask(url, "/metrics");
  expect(text).toMatch(/^celeriac_beat_leader 1$/m);
  expect(text).toMatch(/^celeriac_beat_entries 1$/m);
  expect(Number(/^celeriac_beat_sent_total (\d+)$/m.exec(text)?.[1])).toBeGreaterThanOrEqual(2);
  expect(text).toMatch(/^celeriac_beat_lag_seconds \d/m);
  await (await runtimeOf(app)!.scheduleStore()).close();
  await eventually(async () => (await ask(url, "/readyz")).status === 503);
  expect((await ask(url, "/readyz")).text).toContain("was closed");
});

it("is not alive when it leads and something has been due for more than a minute", async () => {
  const none = { sent: 0, refused: 0, passed: 0, lastSentAt: null, lastLateMs: null, leads: true, entries: 1, nextDueAt: 1, loss: null };
  let lagMs = 60_000;
  const probes = await openProbes(0, { stats: () => ({ ...none, lagMs }), started: () => true });
  onTestFinished(() => probes.close());
  expect((await ask(probes.url, "/livez")).status).toBe(200);
  lagMs = 60_001;
  expect((await ask(probes.url, "/livez")).status).toBe(503);
});

it("does not start where its port cannot be had", async () => {
  const app = createApp("shop", { broker: `memory://${randomUUID()}` });
  onTestFinished(() => app.close());
  await expect(createBeat(app, { http: "192.0.2.1:0" }).start()).rejects.toMatchObject({
    code: "WORKER_HTTP",
    message: expect.stringContaining("The beat's probes"),
  });
});
