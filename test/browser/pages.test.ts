/** The monitor's pages in Chromium, on a real monitor with Redis and a worker of ours. Most wait for pages, and run beside each other. */
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it, type TestContext, vi } from "vitest";
import { beside } from "../support/beside.ts";
import { overhang, unreachable, violations } from "../support/browser/accessible.ts";
import { openBrowser, openPage, openTab, type WatchedPage } from "../support/browser/browser.ts";
import { seeOutage } from "../support/browser/outage.ts";
import { openWatchedPlace, type WatchedPlace, w1 } from "../support/browser/watched-place.ts";
import { workerRow } from "../support/browser/worker-row.ts";
import { eventually } from "../support/eventually.ts";
import type { Asking } from "../support/monitor/asking.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";

// Several pages on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const hostile = '<img src=x onerror="window.__x=1">';
let browser: Browser;
let place: WatchedPlace;
let base: string;
let prefixed: Asking;
let closed: Asking;
let readOnly: Asking;
let failed: string;
let echoed: string;
let keyed: string;

beforeAll(async () => {
  [browser, place] = await Promise.all([openBrowser(), openWatchedPlace()]);
  base = place.open.base;
  const options = [{ urlPrefix: "flower", unauthenticatedApi: true }, {}, { readOnly: true, unauthenticatedApi: true }];
  [prefixed, closed, readOnly] = (await Promise.all(options.map((each) => place.monitor(each)))) as [Asking, Asking, Asking];
  failed = await place.send("tasks.fail", { args: [hostile] });
  echoed = await place.send("tasks.echo", { args: [hostile] });
  // Whatever becomes of it.
  keyed = await place.send("tasks.echo", { args: [1], kwargs: { [hostile]: hostile } });
  for (let n = 0; n < 30; n++) await place.send("tasks.add", { args: [n, 1] });
  await place.inState(failed, "FAILURE");
  await place.inState(echoed, "SUCCESS");
  await place.inState(keyed, "SUCCESS", "FAILURE");
});
afterAll(async () => {
  await browser?.close();
  await place?.[Symbol.asyncDispose]();
});

/** A page that is closed with its test. */
async function pageOf({ onTestFinished }: TestContext, options?: BrowserContextOptions): Promise<WatchedPage> {
  const watched = await openPage(browser, options);
  onTestFinished(() => watched.page.context().close());
  return watched;
}

async function show(watched: WatchedPage, path: string, from = base): Promise<Page> {
  await watched.page.goto(from + path);
  await watched.page.locator("main h1").waitFor();
  return watched.page;
}

it.concurrent("shows hostile texts as they are, and runs none of them", async (context) => {
  const watched = await pageOf(context);
  const columns = ["name", "uuid", "state", "args", "kwargs", "result", "exception", "worker", "queue", "routing_key"];
  await watched.page.addInitScript(`localStorage.setItem("celeriac.preferences", '${JSON.stringify({ columns })}')`);
  for (const path of [
    "/tasks?state=FAILURE",
    `/tasks?search=${encodeURIComponent(`"${hostile.slice(1, 8)}"`)}`,
    `/task/${failed}`,
    `/task/${echoed}`,
    `/task/${keyed}`,
  ]) {
    const page = await show(watched, path);
    await page.getByText(hostile.slice(0, 8)).first().waitFor();
    expect(await page.evaluate("window.__x"), path).toBeUndefined();
    expect(await page.locator("main img").count(), path).toBe(0);
  }
  for (const path of ["/workers", "/", `/worker/${encodeURIComponent(hostile)}`, `/task/${encodeURIComponent(`${hostile}/%41`)}`]) {
    const page = await show(watched, path);
    expect(await page.evaluate("window.__x"), path).toBeUndefined();
  }
  expect(watched.troubles.filter((text) => !text.includes("404"))).toEqual([]);
});

it.concurrent("says what happened to a task, first of all", async (context) => {
  const watched = await pageOf(context);
  const page = await show(watched, `/task/${failed}`);
  await page.getByText(/^Failed after/).waitFor();
  for (const title of ["Timeline", "Traceback", "Relations", "Events"]) await page.getByRole("heading", { name: title }).waitFor();
  await page.getByText("task-failed").click();
  await page.getByText('"exception":').waitFor();
  expect(await page.getByRole("button", { name: "Terminate" }).getAttribute("aria-disabled")).toBe("true");
  await page.getByText(/^Revoke.*: /).waitFor();
  expect(watched.troubles).toEqual([]);
});

it.concurrent("sends a task once more: one click, one task, and each leads to the other", async (context) => {
  const waiting = await place.send("tasks.add", { args: [1, 2], queue: "nobody" });
  await place.inState(waiting, "PENDING");
  const watched = await pageOf(context);
  const page = await show(watched, `/task/${waiting}`);
  await page.getByRole("button", { name: "Retry" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("tasks.add").waitFor();
  await dialog.getByRole("button", { name: "Retry" }).dblclick();
  await page.waitForURL((url) => url.pathname.startsWith("/task/") && !url.pathname.endsWith(waiting));
  const again = new URL(page.url()).pathname.split("/").at(-1)!;
  await place.inState(again, "PENDING");
  expect((await place.open.get(`/api/task/info/${again}`)).json()).toMatchObject({ name: "tasks.add", args: "(1, 2)", parent_id: waiting });
  expect((await place.open.get(`/api/v2/tasks?queue=nobody`)).json()["rows"]).toHaveLength(2);
  const relations = page.getByRole("region", { name: "Relations" });
  await relations.getByRole("link", { name: "tasks.add" }).click();
  await page.waitForURL((url) => url.pathname.endsWith(waiting));
  await relations.getByRole("link", { name: "tasks.add" }).waitFor();
  expect(watched.troubles.filter((text) => !text.includes("404"))).toEqual([]);
});

// What runs in a worker keeps its pool from shrinking.
beside("a worker", () => {
  it.sequential("says which worker has ended a task, whoever told it to", async (context) => {
    const watched = await pageOf(context);
    const page = watched.page;
    const ofWorker = (selector: string, text: string | RegExp) =>
      page.locator(selector).filter({ hasText: text }).filter({ hasText: w1 }).first().waitFor();
    const sleeping = async () => {
      const id = await place.send("tasks.sleep");
      await place.inState(id, "STARTED");
      await show(watched, `/task/${id}`);
      await page.getByText(/^Running/).waitFor();
      return id;
    };
    const curled = await sleeping();
    const answer = await place.open.post(`/api/task/revoke/${curled}`, "terminate=True");
    expect(answer.json()).toEqual({ message: `Revoked '${curled}'` });
    await ofWorker(".headline", /Revoked after/);
    await ofWorker(".events summary", "task-revoked");
    const clicked = await sleeping();
    await page.getByRole("button", { name: "Terminate" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Terminate" }).click();
    await ofWorker(".toast li", /terminate: /);
    await ofWorker(".headline", /Revoked after/);
    await place.inState(clicked, "REVOKED");
    expect(watched.troubles).toEqual([]);
  });

  it.sequential("changes a worker's pool and queues, and says what it answered", async (context) => {
    const watched = await pageOf(context);
    const page = await show(watched, `/worker/${encodeURIComponent(w1)}`);
    await page.getByText("of 2 slots busy").waitFor();
    await page.getByRole("button", { name: "Grow" }).click();
    await page.getByText("of 3 slots busy").waitFor();
    await page.getByRole("button", { name: "Shrink" }).click();
    await page.getByText("of 2 slots busy").waitFor();
    await page.getByRole("tab", { name: "Queues" }).click();
    expect(new URL(page.url()).hash).toBe("#tab-queues");
    await page.getByLabel("Take from another queue").last().fill("extra");
    await page.getByRole("button", { name: "Add" }).click();
    const row = page.getByRole("row", { name: /extra/ });
    await row.getByRole("button", { name: "Leave" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Leave" }).click();
    await eventually(async () => expect(await page.getByRole("row", { name: /extra/ }).count()).toBe(0));
    expect(watched.troubles).toEqual([]);
  });
});

it.concurrent("searches in Flower's language, says what is wrong with a search, and keeps all of it in the address", async (context) => {
  const watched = await pageOf(context);
  const page = await show(watched, "/tasks");
  await page.getByRole("link", { name: "tasks.add" }).first().waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("name:tasks.fail");
  await page.waitForURL(/search=name/);
  await page.getByRole("cell", { name: "Failed" }).first().waitFor();
  await eventually(async () => expect(await page.getByRole("link", { name: "tasks.add" }).count()).toBe(0));
  await page.getByRole("searchbox").fill("(");
  const alert = page.getByRole("alert");
  await alert.waitFor();
  expect((await alert.textContent())!.length).toBeGreaterThan(5);
  await page.getByRole("searchbox").fill("");
  await page.waitForURL((url) => !url.search.includes("search"));
  await page.getByRole("group", { name: "States" }).getByRole("button", { name: "Failed" }).click();
  await page.waitForURL(/state=FAILURE/);
  await page.reload();
  await page.getByRole("button", { name: "Failed", pressed: true }).waitFor();
  await eventually(async () => expect(await page.getByRole("link", { name: "tasks.add" }).count()).toBe(0));
  await page.getByRole("button", { name: "Filter" }).click();
  await page.getByLabel("Name").fill("tasks.none");
  await page.getByRole("button", { name: "Apply" }).click();
  await page.waitForURL(/name=tasks\.none/);
  await page.getByText("No task fits").waitFor();
  // The browser writes down every answer that is no success.
  expect(watched.troubles.filter((text) => !text.includes("400"))).toEqual([]);
});

it.concurrent("lets go of the stream when it is paused, and when it was hidden for half a minute", async (context) => {
  const watched = await pageOf(context);
  const { page } = watched;
  await page.clock.install();
  let open = 0;
  page.on("request", (request) => (open += Number(request.url().includes("/stream?"))));
  page.on("requestfailed", (request) => (open -= Number(request.url().includes("/stream?"))));
  page.on("requestfinished", (request) => (open -= Number(request.url().includes("/stream?"))));
  await show(watched, "/");
  await page.clock.runFor(1_000);
  await page.getByText("Live", { exact: true }).waitFor();
  expect(open).toBe(1);
  await page.keyboard.press("p");
  await page.getByText("Paused", { exact: true }).waitFor();
  await eventually(() => open === 0);
  await page.keyboard.press("p");
  await page.clock.runFor(1_000);
  await page.getByText("Live", { exact: true }).waitFor();
  await page.evaluate(
    "Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true }); document.dispatchEvent(new Event('visibilitychange'))",
  );
  await page.clock.runFor(29_000);
  expect(open).toBe(1);
  await page.clock.runFor(2_000);
  await page.getByText("Asleep", { exact: true }).waitFor();
  await eventually(() => open === 0);
  await page.evaluate("delete document.visibilityState; document.dispatchEvent(new Event('visibilitychange'))");
  await page.clock.runFor(1_000);
  await page.getByText("Live", { exact: true }).waitFor();
});

it.concurrent("draws hundreds of workers row by row, and finds one among them", async (context) => {
  const watched = await pageOf(context);
  await watched.page.route("**/api/v2/stream*", (route) => route.abort());
  const rows = Array.from({ length: 500 }, (_, n) => workerRow(`worker-${n}@host`, { online: n % 10 > 0, processed: n }));
  await watched.page.route("**/api/v2/workers", (route) => route.fulfill({ json: { rows } }));
  const page = await show(watched, "/workers");
  await page.getByText("450").first().waitFor();
  expect(await page.getByRole("row").count()).toBeLessThan(80);
  await page.getByRole("button", { name: "Processed" }).click();
  await page.getByRole("link", { name: "worker-499@host" }).waitFor();
  await page.evaluate("scrollTo(0, document.body.scrollHeight)");
  await page.getByRole("link", { name: "worker-0@host" }).waitFor();
  await page.getByRole("searchbox").fill("worker-123");
  await page.getByRole("link", { name: "worker-123@host" }).waitFor();
  await eventually(async () => expect(await page.getByRole("link", { name: /^worker-/ }).count()).toBe(1));
});

it.concurrent("opens its pages while the broker is away, says since when, and goes on by itself", async (context) => {
  const proxy = await startTcpProxy(Number(new URL(place.url).port));
  context.onTestFinished(() => proxy.close());
  const through = new URL(place.url);
  through.port = String(proxy.port);
  const { base, get } = await place.monitor({ unauthenticatedApi: true }, through.href);
  let known = "";
  await eventually(async () => {
    known = await place.send("tasks.add", { args: [1, 1] });
    await place.inState(known, "SUCCESS");
    return (await get(`/api/task/info/${known}`)).status === 200;
  });
  const seen = await seeOutage({
    ...{ browser, base, known, worker: w1, awayMs: 0 },
    down: async () => proxy.refuse(),
    up: async () => proxy.accept(),
    send: () => place.send("tasks.add", { args: [1, 2] }),
  });
  expect(seen.openedMs).toHaveLength(5);
  expect(Math.abs(seen.sinceOffMs)).toBeLessThan(60_000);
});

it.concurrent("keeps everything below its prefix", async (context) => {
  const origin = new URL(prefixed.base).origin;
  expect((await fetch(`${origin}/`)).status).toBe(404);
  expect((await fetch(`${origin}/flower/api/tasks`)).status).toBe(200);
  const watched = await pageOf(context);
  const page = await show(watched, "/flower/tasks", origin);
  await page.getByText("Live", { exact: true }).waitFor();
  await page.keyboard.press("g");
  await page.keyboard.press("w");
  await page.waitForURL(`${origin}/flower/workers`);
  await page.getByRole("link", { name: w1 }).click();
  await page.waitForURL(`${origin}/flower/worker/w1%40box`);
  expect(watched.asked.filter(({ url }) => !url.startsWith(`${origin}/flower/`))).toEqual([]);
  expect(watched.asked.filter(({ status }) => status >= 400)).toEqual([]);
  expect(watched.troubles).toEqual([]);
});

it.concurrent.for([
  ["no login is configured", () => closed],
  ["it is read-only", () => readOnly],
] as const)("offers no change where %s, and says why", async ([, monitor], context) => {
  const watched = await pageOf(context);
  const page = await show(watched, `/worker/${encodeURIComponent(w1)}`, monitor().base);
  const shutDown = page.getByRole("button", { name: "Shut down" });
  await shutDown.waitFor();
  expect(await shutDown.getAttribute("aria-disabled")).toBe("true");
  const reason = await page.locator(".notice").textContent();
  expect(reason!.length).toBeGreaterThan(10);
  await shutDown.click({ force: true });
  expect(await page.getByRole("dialog").count()).toBe(0);
  for (const name of ["Restart pool", "Grow", "Shrink", "Autoscale"])
    expect(await page.getByRole("button", { name }).getAttribute("aria-disabled"), name).toBe("true");
});

const sizes = [
  { width: 1440, height: 900 },
  { width: 360, height: 740 },
];
const looks = sizes.flatMap((size) => (["light", "dark"] as const).map((colorScheme) => ({ size, colorScheme })));

async function expectReadable(page: Page): Promise<void> {
  expect(await unreachable(page)).toEqual([]);
  for (const { size, colorScheme } of looks) {
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme });
    const look = `${size.width} ${colorScheme}`;
    expect(await violations(page), look).toEqual([]);
    expect(await overhang(page), look).toBe(0);
  }
}

const places = ["/", "/workers", "/tasks", "task", "worker"];

it.concurrent.for(places)("is reachable, readable and as wide as the window: %s", async (which, context) => {
  const path = which === "task" ? `/task/${failed}` : which === "worker" ? `/worker/${encodeURIComponent(w1)}` : which;
  const watched = await pageOf(context);
  const page = await show(watched, path);
  await page.getByText("Live", { exact: true }).waitFor();
  await eventually(async () => expect(await page.locator(".waiting").count()).toBe(0));
  await expectReadable(page);
  expect(watched.troubles).toEqual([]);
});

it.concurrent("is reachable, readable and as wide as the window where one has to log in first, and leads back", async (context) => {
  const { page } = await pageOf(context);
  await page.route("**/api/v2/session", (route) => route.fulfill({ status: 401, json: { error: "Access denied" } }));
  await page.goto(`${base}/tasks?state=FAILURE`);
  const link = page.getByRole("link", { name: "Log in" });
  await link.waitFor();
  expect(await link.getAttribute("href")).toBe(`/login?next=${encodeURIComponent("/tasks?state=FAILURE")}`);
  await expectReadable(page);
});

// Alone: it counts what is sent.
it("counts what is newer without moving what is read, over one stream for three tabs", async (context) => {
  const first = await pageOf(context, { viewport: { width: 1280, height: 500 } });
  const tabs = [first, await openTab(first), await openTab(first)];
  const streams = new Set<string>();
  for (const { page } of tabs) {
    const id = String(tabs.findIndex((tab) => tab.page === page));
    page.on("request", (request) => request.url().includes("/stream?") && streams.add(`${id} ${request.url()}`));
    const closed = (request: { url(): string }) => streams.delete(`${id} ${request.url()}`);
    page.on("requestfailed", closed).on("requestfinished", closed);
  }
  for (const tab of tabs) await show(tab, "/tasks");
  for (const { page } of tabs) await page.getByText("Live", { exact: true }).waitFor();
  const { page } = first;
  await page
    .getByRole("link", { name: /^tasks\./ })
    .first()
    .waitFor();
  await page.evaluate("scrollTo(0, 200)");
  const top = await page.getByRole("row").nth(1).textContent();
  for (let n = 0; n < 20; n++) await place.send("tasks.add", { args: [n, 2] });
  for (const tab of tabs) await tab.page.getByRole("button", { name: "20 newer" }).waitFor();
  expect(await page.getByRole("row").nth(1).textContent()).toBe(top);
  expect(await page.evaluate("scrollY")).toBe(200);
  expect([...streams]).toHaveLength(1);
  await page.getByRole("button", { name: "20 newer" }).click();
  await eventually(async () => expect(await page.getByRole("row").nth(1).textContent()).not.toBe(top));
  await eventually(async () => expect(await page.getByRole("button", { name: /newer/ }).count()).toBe(0));
  // Another tab takes over where the one that had the stream is gone.
  const [holder] = [...streams][0]!.split(" ");
  const [gone, ...left] = [tabs[Number(holder)]!, ...tabs.filter((_, at) => at !== Number(holder))];
  await gone.page.close();
  streams.clear();
  await eventually(() => streams.size === 1);
  for (const tab of left) await tab.page.getByText("Live", { exact: true }).waitFor();
});
