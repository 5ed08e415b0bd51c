/** What the monitor's pages show while its broker is away, and how soon they go on when it is back: measured in tabs that stay open, and in some opened meanwhile. */
import { setTimeout as pause } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import { eventually } from "../eventually.ts";
import { openPage, openTab } from "./browser.ts";

export interface Outage {
  readonly browser: Browser;
  /** address of the monitor */
  readonly base: string;
  /** a task that has ended well before */
  readonly known: string;
  /** the worker it ran in */
  readonly worker: string;
  down(): Promise<void>;
  /** Resolves when the broker takes connections. */
  up(): Promise<void>;
  /** Sends a task that ends at once. Rejects where that cannot be. */
  send(): Promise<unknown>;
  readonly awayMs: number;
}

/** ms each */
export interface OutageSeen {
  /** from the end of the broker until every tab that was open says so */
  readonly toldMs: number;
  /** by how much the time the banner names is later than that end */
  readonly sinceOffMs: number;
  /** to open each page while the broker is away, with what the store has of it and the banner */
  readonly openedMs: readonly number[];
  /** from the return of the broker until an open list of tasks tells of new ones */
  readonly flowsMs: number;
  /** from that return until no tab has the banner */
  readonly untoldMs: number;
}

const patience = { withinMs: 60_000, everyMs: 50 };
const banner = (page: Page) => page.getByText("The broker cannot be reached");

export async function seeOutage({ browser, base, known, worker, down, up, send, awayMs }: Outage): Promise<OutageSeen> {
  /** path → what its page shows once it has its data */
  const pages: readonly (readonly [path: string, shown: (page: Page) => ReturnType<Page["locator"]>])[] = [
    ["/", (page) => page.getByRole("heading", { name: "Overview" })],
    ["/tasks", (page) => page.locator(`a[href$="/task/${known}"]`)],
    ["/workers", (page) => page.getByRole("link", { name: worker })],
    [`/task/${known}`, (page) => page.getByText(/^Succeeded in/)],
    [`/worker/${encodeURIComponent(worker)}`, (page) => page.getByRole("heading", { name: worker })],
  ];
  const first = await openPage(browser);
  const tabs: Page[] = [];
  for (const [path, shown] of pages.slice(0, 3)) {
    const { page } = tabs.length === 0 ? first : await openTab(first);
    tabs.push(page);
    await page.goto(base + path);
    await shown(page).first().waitFor();
    await page.getByText("Live", { exact: true }).waitFor();
  }

  await down();
  const [endedAt, endedWall] = [performance.now(), Date.now()];
  const after = (from: number) => performance.now() - from;
  for (const page of tabs) await banner(page).waitFor({ timeout: patience.withinMs });
  const toldMs = after(endedAt);
  const since = await tabs[0]!
    .locator(".banner", { has: banner(tabs[0]!) })
    .locator("time")
    .getAttribute("datetime");
  const openedMs: number[] = [];
  for (const [path, shown] of pages) {
    const { page } = await openTab(first);
    const beganAt = performance.now();
    await page.goto(base + path);
    await Promise.all([shown(page).first().waitFor(), banner(page).waitFor()]);
    openedMs.push(after(beganAt));
    await page.close();
  }
  await pause(Math.max(0, awayMs - after(endedAt)));

  await up();
  const backAt = performance.now();
  const newer = tabs[1]!.getByRole("button", { name: /newer/ });
  const untold = eventually(async () => {
    for (const page of tabs) if (await banner(page).isVisible()) return false;
    return true;
  }, patience).then(() => after(backAt));
  await eventually(
    async () => {
      await send().catch(() => {});
      return await newer.isVisible();
    },
    { ...patience, everyMs: 200 },
  );
  const flowsMs = after(backAt);
  const untoldMs = await untold;
  await first.page.context().close();
  return { toldMs, sinceOffMs: Date.parse(since!) - endedWall, openedMs, flowsMs, untoldMs };
}
