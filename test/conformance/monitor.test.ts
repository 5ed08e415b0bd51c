/** Flower's API on a worker of ours and Redis: a monitor that is open to whoever reaches it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { type App, createApp, runtimeOf } from "../../packages/core/src/app.ts";
import { silentLogger } from "../../packages/core/src/logger.ts";
import { createActions } from "../../packages/flower/src/server/actions/actions.ts";
import type { TaskRecord } from "../../packages/flower/src/server/history/task-record.ts";
import { createMonitor, type Monitor } from "../../packages/flower/src/server/monitor.ts";
import { createEvidence } from "../../packages/flower/src/server/reconcile/evidence.ts";
import { eventually } from "../support/eventually.ts";
import { type Asking, asking } from "../support/monitor/asking.ts";
import { startWatchedWorker, type WatchedWorker } from "../support/monitor/watched-worker.ts";
import { redisUrl } from "../support/servers.ts";

const w1 = "w1@box";
type Task = Readonly<Record<string, unknown>>;

let folder: string;
let worker: WatchedWorker;
let app: App;
let monitor: Monitor;
let ask: Asking;

beforeAll(async () => {
  const url = await redisUrl();
  folder = await mkdtemp(join(tmpdir(), "celeriac-monitor-"));
  app = createApp("watching", { broker: url, backend: url });
  const options = { port: 0, address: "127.0.0.1", unauthenticatedApi: true, db: join(folder, "flower.sqlite"), inspectTimeout: 500 };
  monitor = createMonitor(app, options, { logger: silentLogger });
  await monitor.start();
  worker = await startWatchedWorker(url, w1);
  ask = asking(monitor.url!);
  await eventually(async () => (await ask.get("/api/workers?status=1")).json()[w1] === true);
  await eventually(async () => w1 in (await ask.get("/api/workers?refresh=1")).json());
});
afterAll(async () => {
  await monitor?.stop();
  await worker?.stop();
  await app?.close();
  await rm(folder, { recursive: true, force: true });
});

async function send(task: string, body: object): Promise<string> {
  const answer = await ask.post(`/api/task/send-task/${task}`, JSON.stringify(body));
  expect(answer.status).toBe(200);
  return String(answer.json()["task-id"]);
}

/** What is known of a task once it is in that state. */
function inState(id: string, state: string): Promise<Task> {
  return eventually(async () => {
    const answer = await ask.get(`/api/task/info/${id}`);
    return answer.status === 200 && answer.json()["state"] === state ? answer.json() : (false as never);
  });
}

it("takes a task as curl sends it, and gives its result", async () => {
  const sent = await ask.post("/api/task/send-task/tasks.add", '{"args":[1,2]}');
  expect(sent.status).toBe(200);
  expect(Object.keys(sent.json())).toEqual(["task-id", "state"]);
  const id = sent.json()["task-id"];
  expect((await ask.get(`/api/task/result/${id}?timeout=5`)).json()).toEqual({ "task-id": id, state: "SUCCESS", result: 3 });
});

it("tells of a task with exactly Flower's 31 keys", async () => {
  const task = await inState(await send("tasks.add", { args: [1, 2] }), "SUCCESS");
  expect(Object.keys(task).sort()).toEqual(
    "args children client clock eta exception exchange expires failed kwargs name parent parent_id received rejected result retried retries revoked root root_id routing_key runtime sent started state succeeded timestamp traceback uuid worker".split(
      " ",
    ),
  );
  const { received, started, succeeded } = task as { received: number; started: number; succeeded: number };
  expect(received).toBeLessThanOrEqual(started);
  expect(started).toBeLessThanOrEqual(succeeded);
  expect(task).toMatchObject({ name: "tasks.add", args: "(1, 2)", kwargs: "{}", result: "3", worker: w1 });
  expect(await ask.get("/api/task/info/nobody")).toMatchObject({ status: 404, text: "" });
});

it("lists tasks keyed by id, newest first, by the page", async () => {
  const ids = await Promise.all([1, 2, 3, 4, 5].map((n) => send("tasks.add", { args: [n, n] })));
  for (const id of ids) await inState(id, "SUCCESS");
  const keys = async (query: string) => Object.keys((await ask.get(`/api/tasks?${query}`)).json());
  const [first, second] = [await keys("limit=2"), await keys("limit=2&offset=2")];
  expect([first.length, second.length]).toEqual([2, 2]);
  expect(first.filter((id) => second.includes(id))).toEqual([]);
  expect(await keys("offset=-1&limit=2")).toEqual(first);
  const received = Object.values<Task>((await ask.get("/api/tasks?limit=3&sort_by=-received")).json()).map((task) =>
    Number(task["received"]),
  );
  expect(received).toEqual([...received].sort((a, b) => b - a));
  expect(received).toHaveLength(3);
  expect(await keys("limit=0")).toEqual([]);
  const all = await ask.get("/api/tasks");
  expect(Number(all.headers.get("x-total-count"))).toBe(Object.keys(all.json()).length);
  expect(Object.keys(Object.values<Task>(all.json())[0]!).at(-1)).toBe("worker");
});

it("filters, searches, and says what is wrong with a question", async () => {
  const failed = await send("tasks.fail", { args: ["out of milk"] });
  await inState(failed, "FAILURE");
  const tasks = async (query: string) => Object.values<Task>((await ask.get(`/api/tasks?${query}`)).json());
  const adds = await tasks("state=SUCCESS&taskname=tasks.add&workername=All");
  expect(adds.length).toBeGreaterThan(0);
  expect(adds.every(({ name, state }) => name === "tasks.add" && state === "SUCCESS")).toBe(true);
  const bad = await tasks(`search=${encodeURIComponent("state:FAILURE OR state:RETRY")}`);
  expect(bad.map(({ uuid }) => uuid)).toEqual([failed]);
  expect(bad[0]).toMatchObject({ exception: "RangeError('out of milk')", traceback: expect.stringContaining("RangeError") });
  for (const query of ["search=(", "limit=abc", "sort_by=bogus", "received_start=bogus", "offset=x"])
    expect(await ask.get(`/api/tasks?${query}`)).toMatchObject({ status: 400, text: expect.stringMatching(/^\{"error":/) });
  const types = (await ask.get("/api/task/types")).json<{ "task-types": readonly string[] }>();
  expect(types["task-types"]).toEqual([...types["task-types"]].sort());
  expect(types["task-types"]).toEqual(expect.arrayContaining(["tasks.add", "tasks.fail"]));
});

it("finds quoted phrases, and signs that are markup", async () => {
  const [refused, marked] = [await send("tasks.echo", { args: ["connection refused"] }), await send("tasks.echo", { args: ["a<b&c"] })];
  await Promise.all([refused, marked].map((id) => inState(id, "SUCCESS")));
  const found = async (search: string) => Object.keys((await ask.get(`/api/tasks?search=${encodeURIComponent(search)}`)).json());
  expect(await found('args:"connection refused"')).toEqual([refused]);
  expect(await found("args:a<b&c")).toEqual([marked]);
});

it("tells of workers", async () => {
  const workers = (await ask.get("/api/workers?refresh=1")).json<Record<string, object>>();
  expect(Object.keys(workers[w1]!)).toEqual(
    expect.arrayContaining(["stats", "active_queues", "registered", "scheduled", "active", "reserved", "revoked", "conf", "timestamp"]),
  );
  expect((await ask.get("/api/workers?status=1")).json()).toEqual({ [w1]: true });
  expect(Object.keys((await ask.get(`/api/workers?workername=${encodeURIComponent(w1)}`)).json())).toEqual([w1]);
  expect(await ask.get("/api/workers?workername=nope")).toMatchObject({ status: 404, text: "Unknown worker 'nope'" });
  expect(await ask.get("/api/workers?refresh=perhaps")).toMatchObject({ status: 400 });
  const { data } = (await ask.get("/workers?json=1")).json<{ data: readonly Task[] }>();
  expect(data).toEqual([
    expect.objectContaining({ hostname: w1, status: true, "task-received": expect.any(Number), sw_ident: expect.any(String) }),
  ]);
});

it("grows and shrinks the pool of a worker", async () => {
  const slots = async () => {
    const workers = (await ask.get(`/api/workers?refresh=1&workername=${w1}`)).json<
      Record<string, { stats: { pool: Record<string, number> } }>
    >();
    return workers[w1]!.stats.pool["max-concurrency"];
  };
  expect((await ask.post("/api/worker/pool/grow/w1%40box", "n=1")).json()).toEqual({ message: "Growing 'w1@box' worker's pool by 1" });
  await eventually(async () => (await slots()) === 3);
  expect((await ask.post("/api/worker/pool/shrink/w1@box?n=1")).json()).toEqual({ message: "Shrinking 'w1@box' worker's pool by 1" });
  await eventually(async () => (await slots()) === 2);
  expect(await ask.post("/api/worker/pool/grow/nobody")).toMatchObject({ status: 404, text: "Unknown worker 'nobody'" });
  expect(await ask.post("/api/worker/pool/grow/w1@box", "n=many")).toMatchObject({ status: 400 });
  expect((await ask.post("/api/worker/pool/autoscale/w1@box")).text).toBe("Missing argument min");
});

it("adds and cancels a consumer", async () => {
  const queues = async () => {
    const workers = (await ask.get(`/api/workers?refresh=1&workername=${w1}`)).json<
      Record<string, { active_queues: readonly { name: string }[] }>
    >();
    return workers[w1]!.active_queues.map(({ name }) => name);
  };
  expect((await ask.post(`/api/worker/queue/add-consumer/${w1}`, "queue=extra")).json()["message"]).toContain("extra");
  expect(await queues()).toContain("extra");
  const id = await send("tasks.add", { args: [2, 2], queue: "extra" });
  expect(await inState(id, "SUCCESS")).toMatchObject({ worker: w1 });
  expect((await ask.post(`/api/worker/queue/cancel-consumer/${w1}`, "queue=extra")).json()["message"]).toContain("extra");
  expect(await queues()).not.toContain("extra");
});

it("ends a task that runs, when it is told to terminate it", async () => {
  const id = await send("tasks.sleep", {});
  await inState(id, "STARTED");
  expect((await ask.post(`/api/task/revoke/${id}`, "terminate=True")).json()).toEqual({ message: `Revoked '${id}'` });
  await inState(id, "REVOKED");
  expect((await ask.get(`/api/task/result/${id}`)).json()).toMatchObject({ state: "REVOKED" });
});

it("aborts a task, in Celery's way and in ours", async () => {
  const id = await send("tasks.sleep", {});
  await inState(id, "STARTED");
  expect((await ask.post(`/api/task/abort/${id}`)).json()).toEqual({ message: `Aborted '${id}'` });
  await inState(id, "REVOKED");
});

it("sets limits, in the worker's own words", async () => {
  const limit = await ask.post("/api/task/rate-limit/tasks.add", `workername=${w1}&ratelimit=100/s`);
  expect(limit).toMatchObject({ status: 200, text: '{"message":"new rate limit set successfully"}' });
  const times = await ask.post("/api/task/timeout/tasks.add", `workername=${w1}&soft=30&hard=60`);
  expect(times).toMatchObject({ status: 200, text: '{"message":"time limits set successfully"}' });
  expect(await ask.post("/api/task/timeout/tasks.none", `workername=${w1}&soft=30`)).toMatchObject({
    status: 404,
    text: "Unknown task 'tasks.none'",
  });
  expect(await ask.post("/api/task/rate-limit/tasks.add", `workername=${w1}&ratelimit=often`)).toMatchObject({
    status: 403,
    text: expect.stringMatching(/^Failed to set rate limit: '/),
  });
});

it("applies tasks that its own app knows, and waits for them", async () => {
  expect(await ask.post("/api/task/apply/tasks.add", '{"args":[1,2]}')).toMatchObject({ status: 404, text: "" });
  app.declare("tasks.add");
  const applied = (await ask.post("/api/task/apply/tasks.add", '{"args":[1,2]}')).json();
  expect(applied).toMatchObject({ state: "SUCCESS", result: 3 });
  const sent = (await ask.post("/api/task/async-apply/tasks.add", '{"args":[1,2]}')).json();
  expect(Object.keys(sent)).toEqual(["task-id", "state"]);
  for (const { "task-id": id } of [applied, sent]) await inState(String(id), "SUCCESS");
  for (const body of ["{", "[]", '{"args":1}', '{"eta":"soon"}', '{"no_such_option":1}'])
    expect(await ask.post("/api/task/async-apply/tasks.add", body)).toMatchObject({ status: 400, text: "" });
  const later = await ask.post("/api/task/apply/tasks.add", '{"args":[1,2],"countdown":600,"timeout":0.1}');
  expect([later.status, later.json()]).toEqual([200, { "task-id": expect.any(String), state: "PENDING" }]);
  await ask.post(`/api/task/revoke/${later.json()["task-id"]}`);
  expect(await ask.post("/api/task/apply/tasks.add", '{"args":[1,2],"timeout":"soon"}')).toMatchObject({ status: 400, text: "" });
});

it("sends a task once more with the very arguments it had, and says why where they are not known", async () => {
  const { retrying } = createActions(app, runtimeOf(app)!, 500);
  const record = async (id: string, state: string) => ({ ...(await inState(id, state)), queue: null, rootId: id }) as unknown as TaskRecord;
  const failed = await record(await send("tasks.fail", { args: ["once more"] }), "FAILURE");
  expect(await retrying.refusal(failed)).toBeNull();
  const again = await inState(await retrying.retry(failed), "FAILURE");
  expect(again).toMatchObject({ name: "tasks.fail", exception: "RangeError('once more')", parent_id: failed.uuid, root_id: failed.uuid });
  expect(await inState(failed.uuid, "FAILURE")).toMatchObject({ children: [again["uuid"]] });

  const masked = await record(await send("tasks.echo", { args: ["4111"], argsrepr: "('…',)" }), "SUCCESS");
  await expect(retrying.retry(masked)).rejects.toMatchObject({ status: 409, message: expect.stringContaining("masked") });
  await app.result(masked.uuid).forget();
  expect(await retrying.refusal(masked)).toContain("result_extended");

  const running = await record(await send("tasks.sleep", {}), "STARTED");
  expect(await retrying.refusal(running)).toContain("has not ended");
  await ask.post(`/api/task/revoke/${running.uuid}`, "terminate=True");

  const waiting = await app.sendTask("tasks.echo", ["in line"], { queue: "nobody" });
  const message = { uuid: waiting.id, name: "tasks.echo", queue: "nobody", rootId: null } as TaskRecord;
  expect(await retrying.refusal(message)).toBeNull();
  expect(await retrying.refusal({ ...message, uuid: "unknown", name: null })).toContain("which task");
});

it("learns from results and workers what became of tasks that no event tells of", async () => {
  const ended = await send("tasks.add", { args: [4, 5] });
  const refused = await send("tasks.fail", { args: ["unheard"] });
  for (const id of [ended, refused]) await ask.get(`/api/task/result/${id}?timeout=5`);
  const running = await send("tasks.sleep", {});
  await inState(running, "STARTED");
  const evidence = createEvidence(runtimeOf(app)!, 500);
  const at = expect.any(Number);
  const ends = await evidence.ends([ended, "nobody's", running, refused]);
  expect(Object.fromEntries(ends)).toEqual({
    [ended]: { state: "SUCCESS", succeeded: at, result: "9", exception: null, traceback: null },
    [refused]: { state: "FAILURE", failed: at, result: null, exception: "RangeError('unheard')", traceback: expect.any(String) },
  });
  const { succeeded } = (await ask.get(`/api/task/info/${ended}`)).json<{ succeeded: number }>();
  expect(ends.get(ended)!.succeeded).toBeCloseTo(succeeded, 0);
  const held = await evidence.held([ended, "nobody's", running, refused]);
  expect([[...held.ids], [...held.workers]]).toEqual([[running], [w1]]);
  await ask.post(`/api/task/revoke/${running}`, "terminate=1");
  await inState(running, "REVOKED");
});

it("knows when it starts again how tasks ended that it did not hear of", async () => {
  const options = { port: 0, address: "127.0.0.1", unauthenticatedApi: true, db: join(folder, "restarted.sqlite") };
  const startAnother = async () => {
    const another = createMonitor(app, options, { logger: silentLogger });
    onTestFinished(() => another.stop());
    await another.start();
    const state = async (id: string) => (await asking(another.url!).get(`/api/task/info/${id}`)).json()["state"];
    return { another, state };
  };
  const first = await startAnother();
  const id = await send("tasks.sleep", {});
  await eventually(async () => (await first.state(id)) === "STARTED");
  await first.another.stop();
  await ask.post(`/api/task/revoke/${id}`, "terminate=1");
  await inState(id, "REVOKED");
  const second = await startAnother();
  await eventually(async () => (await second.state(id)) === "REVOKED");
});

it("tells how long the queues are", async () => {
  const { active_queues: queues } = (await ask.get("/api/queues/length")).json<{ active_queues: readonly object[] }>();
  expect(queues).toContainEqual({ name: "celery", messages: 0 });
});

it("answers the table of Flower's own page", async () => {
  const query = (search: string) =>
    `/tasks/datatable?draw=3&start=0&length=2&search[value]=${encodeURIComponent(search)}&order[0][column]=0&order[0][dir]=desc&columns[0][data]=received`;
  const page = (await ask.get(query(""))).json<{ draw: number; data: readonly Task[]; recordsTotal: number; recordsFiltered: number }>();
  expect(page).toMatchObject({ draw: 3, recordsFiltered: page.recordsTotal });
  expect(page.data).toHaveLength(2);
  expect((await ask.get(query("("))).json()).toMatchObject({ draw: 3, data: [], recordsFiltered: 0, searchError: expect.any(String) });
  expect(await ask.get("/tasks/datatable")).toMatchObject({ status: 400 });
});

it("tells Prometheus what Flower tells, and how long the queues are", async () => {
  const sample = async (line: string) => {
    const { text } = await ask.get("/metrics");
    const found = text.split("\n").find((each) => each.startsWith(`${line} `));
    return found === undefined ? 0 : Number(found.slice(line.length + 1));
  };
  const succeeded = `flower_events_total{task="tasks.add",type="task-succeeded",worker="${w1}"}`;
  const listed = async () => Number((await ask.get("/api/tasks?limit=0&state=SUCCESS&taskname=tasks.add")).headers.get("x-total-count"));
  const before = await eventually(async () => {
    const count = await listed();
    return (await sample(succeeded)) === count ? count : (false as never);
  });
  const ids = await Promise.all([1, 2, 3].map((n) => send("tasks.add", { args: [n, n] })));
  for (const id of ids) await inState(id, "SUCCESS");
  await eventually(async () => (await sample(succeeded)) === before + 3);
  const { text } = await ask.get("/metrics");
  expect(text).toMatch(/^flower_task_runtime_seconds_bucket\{le="1\.0",task="tasks\.add",worker="w1@box"\} \d/m);
  expect(text).toMatch(/^flower_task_runtime_seconds_bucket\{le="\+Inf",task="tasks\.add",worker="w1@box"\} \d/m);
  expect(await sample(`flower_worker_online{worker="${w1}"}`)).toBe(1);
  expect(text).toMatch(/^flower_queue_length\{queue="celery"\} 0\.0$/m);
  expect(text).toMatch(/^flower_worker_slots\{worker="w1@box"\} 2\.0$/m);
});

it("lives, and is ready", async () => {
  expect(await ask.get("/healthcheck")).toMatchObject({ status: 200, text: "OK" });
  expect((await ask.get("/healthz/ready")).json()).toEqual({ ready: true, reasons: [] });
});
