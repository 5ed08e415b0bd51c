/** `npm run bench:history`: the monitor's history with a million tasks. How it is filled, killed, opened and asked, also over HTTP, and what it does meanwhile at 5,000 events a second. */
import { spawn } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createApp } from "@celeriac/core";
import type { History, TaskQuery } from "@celeriac/flower";
import { createMonitor, parseSearch } from "@celeriac/flower";
import { temporaryDirectory } from "../test/support/private-process.ts";
import { eventsOf, messageOf, openFile } from "./programs/history-events.mjs";
import { percentile } from "./row.ts";

const { values } = parseArgs({
  options: {
    tasks: { type: "string", default: "1000000" },
    days: { type: "string", default: "10" },
    rate: { type: "string", default: "5000" },
    seconds: { type: "string", default: "60" },
    /** one that was filled before is asked, and not filled */
    file: { type: "string" },
  },
});
const tasks = Number(values.tasks);
const day = 86_400;

const now = () => Date.now() / 1_000;
const ms = (value: number) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;

/** Fills a file in a process of its own, and kills that. */
async function fill(path: string): Promise<void> {
  const program = fileURLToPath(new URL("programs/history-events.mjs", import.meta.url));
  const beganAt = performance.now();
  const args = [program, path, String(tasks), String(Number(values.days) * day)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  for await (const _ of child.stdout) child.kill("SIGKILL");
  const seconds = (performance.now() - beganAt) / 1_000;
  row("filled", `${tasks.toLocaleString("en")} tasks, ${Math.round((4 * tasks) / seconds).toLocaleString("en")} events a second`);
}

function row(name: string, figure: string): void {
  console.log(`| ${name} | ${figure} |`);
}

interface Question {
  readonly name: string;
  ask(history: History, n: number): Promise<unknown>;
}

const page: TaskQuery = { sort: "timestamp", descending: true, limit: 50, from: 0 };
const list = (name: string, query: (n: number) => Partial<TaskQuery>): Question => ({
  name,
  ask: (history, n) => history.tasks({ ...page, ...query(n) }),
});
const lastDay = () => ({ receivedFrom: now() - day });
const search = (text: string) => ({ search: parseSearch(text) ?? undefined });

const questions: readonly Question[] = [
  list("newest", () => ({})),
  list("state FAILURE", () => ({ states: ["FAILURE"] })),
  list("name", (n) => ({ name: `shop.tasks.task_${n % 50}` })),
  list("worker", (n) => ({ worker: `celery@worker-${n % 20}.example` })),
  list("queue", (n) => ({ queue: `queue_${n % 7}` })),
  list("name and state FAILURE", (n) => ({ name: `shop.tasks.task_${n % 50}`, states: ["FAILURE"] })),
  list("name, by start", (n) => ({ name: `shop.tasks.task_${n % 50}`, sort: "started" })),
  list("received within an hour", (n) => ({ receivedFrom: now() - (n + 2) * 3_600, receivedTo: now() - (n + 1) * 3_600 })),
  list("received since a day", () => lastDay()),
  ...(["name", "state", "worker", "received", "started", "runtime"] as const).map((sort) => list(`by ${sort}`, () => ({ sort }))),
  list("offset of a half", (n) => ({ from: tasks / 2 + n })),
  { name: "next of a deep page", ask: deepPage },
  { name: "one task with its events", ask: oneTask },
  { name: "count of a name", ask: (history, n) => history.count({ name: `shop.tasks.task_${n % 50}` }) },
  { name: "an hour by the minute", ask: (history) => history.series({ from: now() - 3_600, to: now(), step: 60 }) },
  list("search, last day, many hits", (n) => ({ ...lastDay(), ...search(`AB-${n}`) })),
  list("search in args, last day, no hit", () => ({ ...lastDay(), ...search("args:nowhere") })),
  list("search of all, last day, no hit", () => ({ ...lastDay(), ...search("nowhere") })),
  list("search of all, ever, no hit", () => search("nowhere")),
];

let deep: string | null = null;
async function deepPage(history: History): Promise<void> {
  deep ??= (await history.tasks({ ...page, from: Math.floor(tasks / 2) })).next;
  deep = (await history.tasks({ ...page, from: deep ?? 0 })).next;
}

async function oneTask(history: History, n: number): Promise<void> {
  const { tasks: found } = await history.tasks({ ...page, limit: 1, from: n * 10 });
  await Promise.all([history.task(found[0]!.uuid), history.events(found[0]!.uuid)]);
}

async function askAll(history: History): Promise<void> {
  for (const { name, ask } of questions) {
    const times: number[] = [];
    let searched: number | null = null;
    for (let n = 0; n < 40; n += 1) {
      const beganAt = performance.now();
      const answer = (await ask(history, n)) as { readonly searched?: number | null } | undefined;
      times.push(performance.now() - beganAt);
      searched ??= answer?.searched ?? null;
    }
    const partly = searched === null ? "" : `, after ${searched.toLocaleString("en")} rows`;
    row(name, `p50 ${ms(percentile(times, 0.5))}, p95 ${ms(percentile(times, 0.95))}${partly}`);
  }
}

/** What Flower's API is asked: paths below /api/tasks?limit=50. */
const addresses: Readonly<Record<string, (n: number) => string>> = {
  newest: () => "",
  "state FAILURE": () => "&state=FAILURE",
  name: (n) => `&taskname=shop.tasks.task_${n % 50}`,
  worker: (n) => `&workername=celery@worker-${n % 20}.example`,
  "name, by start": (n) => `&taskname=shop.tasks.task_${n % 50}&sort_by=-started`,
  "name, first started first": (n) => `&taskname=shop.tasks.task_${n % 50}&sort_by=started`,
  "by name": () => "&sort_by=name",
  "by received": () => "&sort_by=-received",
  "by started": () => "&sort_by=-started",
  "received since a day": () => `&received_start=${minutesOf(now() - day)}`,
  "search, last day, many hits": (n) => `&search=AB-${n}&received_start=${minutesOf(now() - day)}`,
  "search of all, last day, no hit": () => `&search=nowhere&received_start=${minutesOf(now() - day)}`,
};

/** As Flower takes times, of this machine's zone. */
function minutesOf(at: number): string {
  const local = new Date(at * 1_000 - new Date(at * 1_000).getTimezoneOffset() * 60_000);
  return encodeURIComponent(local.toISOString().slice(0, 16).replace("T", " "));
}

/** From the question to the last byte of the answer. */
async function askOverHttp(path: string): Promise<void> {
  const app = createApp("bench-history", { broker: "memory://bench-history" });
  const monitor = createMonitor(app, { port: 0, address: "127.0.0.1", unauthenticatedApi: true, db: path, enableEvents: false });
  try {
    await monitor.start();
    for (const [name, address] of Object.entries(addresses)) {
      const times: number[] = [];
      for (let n = 0; n < 40; n += 1) {
        const beganAt = performance.now();
        const answer = await fetch(`${monitor.url}/api/tasks?limit=50${address(n)}`);
        await answer.arrayBuffer();
        if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
        times.push(performance.now() - beganAt);
      }
      row(`HTTP: ${name}`, `p50 ${ms(percentile(times, 0.5))}, p95 ${ms(percentile(times, 0.95))}`);
    }
  } finally {
    await monitor.stop();
    await app.close();
  }
}

/** Tells so many events a second while pages are asked for. */
async function underLoad(history: History): Promise<void> {
  const [rate, seconds] = [Number(values.rate), Number(values.seconds)];
  const before = await history.facts();
  const times: number[] = [];
  let most = 0;
  let told = 0;
  const beganAt = performance.now();
  for (let tick = 0; performance.now() - beganAt < seconds * 1_000; tick += 1) {
    const due = Math.floor((((performance.now() - beganAt) / 1_000) * rate) / 4);
    for (; told < due; told += 1) history.hear(messageOf(eventsOf(told, now())));
    if (tick % 10 === 0) {
      const askedAt = performance.now();
      void history.tasks({ ...page, name: `shop.tasks.task_${tick % 50}` }).then(() => times.push(performance.now() - askedAt));
      void history.facts().then(({ behind }) => {
        most = Math.max(most, behind);
      });
    }
    await pause(10);
  }
  await history.settled();
  const after = await history.facts();
  const lost = told - (after.tasks - before.tasks);
  row(
    `${rate.toLocaleString("en")} events a second for ${seconds} s`,
    `${told * 4} told, ${after.dropped} dropped, ${lost} tasks lost, ${most} behind at most`,
  );
  row("pages meanwhile", `p50 ${ms(percentile(times, 0.5))}, p95 ${ms(percentile(times, 0.95))}`);
}

const folder = temporaryDirectory("history");
const path = values.file ?? join(folder.path, "flower.sqlite");
console.log("| what | figure |\n| --- | --- |");
try {
  if (values.file === undefined) await fill(path);
  const beganAt = performance.now();
  const history = await openFile(path);
  await history.tasks(page);
  row("ready after kill -9", ms(performance.now() - beganAt));
  row("file", megabytes(statSync(path).size));
  await askAll(history);
  await underLoad(history);
  row("most memory of the process", megabytes(process.resourceUsage().maxRSS * 1_024));
  await history.close();
  await askOverHttp(path);
} finally {
  folder.remove();
}
