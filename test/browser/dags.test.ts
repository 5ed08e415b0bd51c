/** The monitor's pages of DAGs in Chromium, on a store in memory: light and dark, at a desk and on a phone. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createApp } from "../../packages/core/src/app.ts";
import { createMonitor, type Monitor } from "../../packages/flower/src/server/monitor.ts";
import { overhang, violations } from "../support/browser/accessible.ts";
import { openBrowser, openPage } from "../support/browser/browser.ts";
import { filledDagRuns } from "../support/dag-runs.ts";

const hostile = '<img src=x onerror="window.__x=1">';
const app = createApp("dags", { broker: "memory://dag-pages" });
let browser: Browser;
let monitor: Monitor;

beforeAll(async () => {
  const dagRuns = await filledDagRuns({ lastDay: 20_000, reason: hostile });
  monitor = createMonitor(app, { port: 0, persistent: false, unauthenticatedApi: true }, { dagRuns });
  [browser] = await Promise.all([openBrowser(), monitor.start()]);
});
afterAll(async () => {
  await browser?.close();
  await monitor?.stop();
  await app.close();
});

const faces = [
  ["at a desk, light", { viewport: { width: 1280, height: 800 }, colorScheme: "light" }],
  ["on a phone, dark", { viewport: { width: 390, height: 800 }, colorScheme: "dark" }],
] as const;

it.each(faces)("leads from all DAGs to one run, and to why a task failed: %s", async (_name, options) => {
  const { page, troubles } = await openPage(browser, options);
  await page.goto(`${monitor.url}/`);
  await page.getByRole("link", { name: "DAGs" }).click();
  await page.getByRole("link", { name: "etl", exact: true }).waitFor();
  expect([await overhang(page), await violations(page)]).toEqual([0, []]);
  await page.getByRole("link", { name: "etl", exact: true }).click();
  await page.getByRole("link", { name: /^Running, / }).waitFor();
  await page.getByRole("link", { name: /^Failed, / }).click();
  await page.waitForURL(/run=scheduled__19998$/);
  await page.getByRole("region", { name: "Run", exact: true }).getByText("Failed").waitFor();
  await page.getByRole("region", { name: "What waits for what" }).getByText("Upstream failed").waitFor();
  await page.getByRole("region", { name: "Task instances" }).getByText("load [1]").click();
  await page.getByText(hostile).first().waitFor();
  expect(await page.evaluate("window.__x")).toBeUndefined();
  expect([await overhang(page), await violations(page), troubles]).toEqual([0, [], []]);
  await page.context().close();
});
