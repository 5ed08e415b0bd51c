/** What people do with Flower, on a worker of ours. Each throws when it went otherwise. */
import { deepStrictEqual as equal, match, ok } from "node:assert/strict";
import { eventually } from "../support/eventually.ts";
import { done, type Stage } from "./stage.ts";

export const scenarios: Readonly<Record<string, (stage: Stage) => Promise<void>>> = {
  workers,
  tasks,
  revoke,
  pool,
  consumers,
  limits,
  lists,
  pages,
  shutdown,
};

const poolSize =
  (size: number) =>
  ({ stats }: { readonly stats: { readonly pool: Readonly<Record<string, unknown>> } }) =>
    stats.pool["max-concurrency"] === size;

async function workers({ flower, worker, inspected }: Stage): Promise<void> {
  const found = await inspected(({ stats, registered }) => stats !== undefined && registered !== undefined);
  equal(found.stats.pool["max-concurrency"], 2);
  equal(
    found.active_queues.map(({ name }) => name),
    ["celery"],
  );
  ok(["tasks.add", "tasks.fail", "tasks.sleep"].every((name) => found.registered.some((each) => each.split(" ")[0] === name)));
  ok(typeof found.conf === "object" && !JSON.stringify(found.conf).includes("undefined"));
  const { data } = done(await flower.get("/workers?json=1")) as { readonly data: readonly Readonly<Record<string, unknown>>[] };
  const row = data.find(({ hostname }) => hostname === worker)!;
  equal(row["status"], true);
  equal((row["loadavg"] as readonly number[]).length, 3);
  ok(Number(row["pid"]) > 0 && Number(row["freq"]) > 0);
}

async function tasks({ flower, worker, send, inState }: Stage): Promise<void> {
  const id = await send("tasks.add", { args: [1, 2] });
  const task = await inState(id, "SUCCESS");
  const { name, result, worker: by } = task;
  equal({ name, result, by }, { name: "tasks.add", result: "3", by: worker });
  ok(Number(task["received"]) <= Number(task["started"]) && Number(task["started"]) <= Number(task["succeeded"]));
  match(String(task["args"]), /^[[(]1, 2[\])]$/);
  equal(done(await flower.get(`/api/task/result/${id}?timeout=5`)), { "task-id": id, state: "SUCCESS", result: 3 });
  const failed = await inState(await send("tasks.fail", { args: ["no way"] }), "FAILURE");
  match(String(failed["exception"]), /^RangeError\(.no way.\)$/);
  match(String(failed["traceback"]), /no way/);
}

async function revoke({ flower, send, inState, inspected }: Stage): Promise<void> {
  // It waits in the broker until it is due: no worker of ours holds it, so that Flower hears of it then, and revokes it before.
  const waiting = await send("tasks.add", { args: [1, 2], countdown: 600 });
  const sleeping = await send("tasks.sleep");
  await inState(sleeping, "STARTED");
  await inspected(({ active }) => active.some(({ name }) => name === "tasks.sleep"));
  equal(done(await flower.post(`/api/task/revoke/${sleeping}`, "terminate=true")), { message: `Revoked '${sleeping}'` });
  equal(done(await flower.post(`/api/task/revoke/${waiting}`)), { message: `Revoked '${waiting}'` });
  await inState(sleeping, "REVOKED");
  await inspected(({ revoked }) => revoked.includes(waiting));
}

async function pool({ flower, worker, inspected }: Stage): Promise<void> {
  const grown = done(await flower.post(`/api/worker/pool/grow/${worker}`, "n=1"));
  equal(grown, { message: `Growing '${worker}' worker's pool by 1` });
  await inspected(poolSize(3));
  done(await flower.post(`/api/worker/pool/shrink/${worker}?n=1`));
  await inspected(poolSize(2));
}

async function consumers({ flower, worker, send, inState, inspected }: Stage): Promise<void> {
  const added = done(await flower.post(`/api/worker/queue/add-consumer/${worker}`, "queue=extra"));
  equal(added, { message: "add consumer extra" });
  await inspected(({ active_queues: queues }) => queues.some(({ name }) => name === "extra"));
  await inState(await send("tasks.add", { args: [2, 2], queue: "extra" }), "SUCCESS");
  const cancelled = done(await flower.post(`/api/worker/queue/cancel-consumer/${worker}`, "queue=extra"));
  equal(cancelled, { message: "no longer consuming from extra" });
  await inspected(({ active_queues: queues }) => queues.every(({ name }) => name !== "extra"));
}

async function limits({ flower, worker }: Stage): Promise<void> {
  const rate = done(await flower.post("/api/task/rate-limit/tasks.add", `workername=${worker}&ratelimit=100/s`));
  equal(rate, { message: "new rate limit set successfully" });
  const time = done(await flower.post("/api/task/timeout/tasks.add", `workername=${worker}&soft=30&hard=60`));
  equal(time, { message: "time limits set successfully" });
  const refused = await flower.post("/api/task/rate-limit/tasks.add", `workername=${worker}&ratelimit=often`);
  equal(refused.status, 403);
}

async function lists({ flower, send, inState }: Stage): Promise<void> {
  await inState(await send("tasks.add", { args: [2_000, 26] }), "SUCCESS");
  const found = done(await flower.get("/api/tasks?search=result:2026%20OR%20args:%222000,%2026%22&state=SUCCESS"));
  equal(
    Object.values(found as Readonly<Record<string, { readonly result: string }>>).map(({ result }) => result),
    ["2026"],
  );
  ok((done(await flower.get("/api/task/types"))["task-types"] as readonly string[]).includes("tasks.fail"));
  const { active_queues: queues } = done(await flower.get("/api/queues/length"));
  equal(queues, [{ name: "celery", messages: 0 }]);
  const { text } = await flower.get("/metrics");
  match(text, /^flower_events_total\{task="tasks\.add",type="task-succeeded",worker="w1@box"\} \d/m);
  match(text, /^flower_worker_online\{worker="w1@box"\} 1/m);
}

async function pages({ flower, worker, send, inState }: Stage): Promise<void> {
  const id = await send("tasks.fail", { args: ["no way"] });
  await inState(id, "FAILURE");
  const shows = async (path: string, ...texts: readonly string[]) => {
    const { status, text } = await flower.get(path);
    equal(status, 200);
    for (const each of texts) ok(text.includes(each), `${path} does not show ${each}`);
  };
  await shows("/workers", worker);
  await shows(`/worker/${worker}`, worker, "tasks.sleep", "celery");
  await shows(`/task/${id}`, "tasks.fail", "RangeError", worker);
  await shows("/broker", "celery");
}

async function shutdown({ flower, worker }: Stage): Promise<void> {
  equal(done(await flower.post(`/api/worker/shutdown/${worker}`)), { message: "Shutting down!" });
  await eventually(async () => done(await flower.get("/api/workers?status=1"))[worker] !== true, { withinMs: 60_000, everyMs: 100 });
}
