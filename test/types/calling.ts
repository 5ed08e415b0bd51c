/** Calls and results: types reach from the task's function to delay() and get(), and the wrong call does not compile. */
import { type AsyncResult, type Outcome, ResultTimeoutError, type Sent, type Task, TaskError, type TaskState } from "celeriac";
import { add, app, ping, show } from "./app.ts";
import { type Equal, expectType } from "./equal.ts";

expectType<Equal<typeof add, Task<[x: number, y: number], number, unknown>>>();
expectType<Equal<typeof show, Task<[n: number], string, unknown>>>();
expectType<Equal<typeof ping, Task<[], "pong", unknown>>>();

export async function calls(): Promise<void> {
  const sent = add.delay(1, 2);
  expectType<Equal<typeof sent, Sent<number, unknown>>>();
  const handle = await sent;
  expectType<Equal<typeof handle, AsyncResult<number, unknown>>>();
  expectType<Equal<"then" extends keyof typeof handle ? true : false, false>>();
  const value = await add.delay(1, 2).get({ timeout: "5s" });
  expectType<Equal<typeof value, number>>();
  expectType<Equal<typeof handle.parent, AsyncResult<unknown> | null>>();
  const here = await add(1, 2);
  expectType<Equal<typeof here, number>>();

  // Celery's apply() runs here; it is not Function.prototype.apply.
  const applied = await add.apply([2, 2], { priority: 3 });
  expectType<Equal<typeof applied, Outcome<number>>>();
  // @ts-expect-error one argument is missing
  await add.apply([2]);

  // @ts-expect-error wrong type
  await add.delay(1, "2");
  // @ts-expect-error missing argument
  await add.delay(1);
  // @ts-expect-error one argument too many
  await ping.delay(1);
  // @ts-expect-error a duration's unit is missing
  await add.delay(1, 2).get({ timeout: "5" });
}

export async function options(): Promise<void> {
  await add.applyAsync([1, 2], { countdown: "90s", expires: 3600, priority: 7, link: show.s() });
  await add.applyAsync([1, 2], { argsrepr: "(1, …)", retryPolicy: { maxRetries: 3, intervalMax: "2s" }, deliveryMode: "transient" });
  await add.applyAsync([1, 2], { stamps: { tenant: "a" }, rootId: "r", groupIndex: 0, addToParent: false, expiration: "1m" });
  // @ts-expect-error no such delivery mode
  await add.applyAsync([1, 2], { deliveryMode: "durable" });
  await add.applyAsync([1, 2], { eta: new Date(0), expires: new Date(1), taskId: "a", headers: { tenant: "a" }, queue: undefined });
  await add.applyAsync([1, 2], { exchange: "media", routingKey: "img.add", serializer: "msgpack", compression: "gzip" });
  // @ts-expect-error pickle is never written
  await add.applyAsync([1, 2], { serializer: "pickle" });
  // @ts-expect-error the callback takes a string, the result is a number
  await add.applyAsync([1, 2], { link: app.task("z", (text: string) => text).s() });
  // @ts-expect-error priorities are 0 to 9
  await add.applyAsync([1, 2], { priority: 10 });
  // @ts-expect-error a misspelt option
  await add.applyAsync([1, 2], { countdwn: 3 });
  // @ts-expect-error an error callback gets (id, failure?)
  await add.applyAsync([1, 2], { linkError: add.s() });
  await add.applyAsync([1, 2], { linkError: app.task("on.error", async (id: string) => void id).s() });
  await app.sendTask("other.task", [1], { kwargs: { x: 2 }, queue: "q" });
}

export async function endings(handle: AsyncResult<number>): Promise<void> {
  const outcome = await handle.settled();
  expectType<Equal<typeof outcome, Outcome<number>>>();
  if (outcome.state === "SUCCESS") expectType<Equal<typeof outcome.value, number>>();
  else if (outcome.state === "FAILURE") expectType<Equal<typeof outcome.error.remote.type, string>>();
  else expectType<Equal<typeof outcome.error.reason, string | null>>();
  try {
    await handle.get();
  } catch (error) {
    if (TaskError.is(error)) expectType<Equal<typeof error.taskId, string>>();
    else if (error instanceof ResultTimeoutError) expectType<Equal<typeof error.code, "RESULT_TIMEOUT">>();
  }
}

export async function statusRoute(handle: AsyncResult<number>): Promise<TaskState> {
  const snapshot = await handle.snapshot();
  switch (snapshot.state) {
    case "SUCCESS":
      expectType<Equal<typeof snapshot.value, number>>();
      break;
    case "FAILURE":
    case "RETRY":
      expectType<Equal<typeof snapshot.error.remote.traceback, string | null>>();
      break;
    case "REVOKED":
      expectType<Equal<typeof snapshot.error.reason, string | null>>();
      break;
    case "PENDING":
      expectType<Equal<typeof snapshot.known, boolean>>();
      break;
    case "RECEIVED":
    case "STARTED":
      break;
    // @ts-expect-error no such state
    case "SUCCES":
      break;
    case "CUSTOM":
      expectType<Equal<typeof snapshot.meta, unknown>>();
      break;
    default: {
      const closed: never = snapshot;
      return closed;
    }
  }
  return snapshot.state;
}
