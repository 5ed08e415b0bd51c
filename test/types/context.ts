/** Bound tasks: `self` knows progress and dependencies, options know the parameters. */
import type { AnyTask, ArgsOf, ResultOf, Sent, Task, TaskRef } from "celeriac";
import { add, app, ping, type Self, show } from "./app.ts";
import { type Equal, expectType } from "./equal.ts";

export const resize = app.bound(
  "img.resize",
  { softTimeLimit: 30, params: ["url", "width"], maxRetries: null, retryBackoff: "2s", autoretryFor: [TypeError] },
  async (self: Self<{ done: number }>, url: string, width: number) => {
    await self.progress({ done: 1 });
    // @ts-expect-error progress is typed
    await self.progress({ dun: 1 });
    const response: { ok: boolean } | null = await fetch(url, { signal: self.signal });
    if (!response) self.retry({ countdown: "30s" });
    // retry() never returns, which the compiler sees because `self` has a written type.
    expectType<Equal<typeof response, { ok: boolean }>>();
    return self.deps.db.query(url).length * width;
  },
);
expectType<Equal<typeof resize, Task<[url: string, width: number], number, { done: number }>>>();
expectType<Equal<ArgsOf<typeof resize>, [url: string, width: number]>>();
expectType<Equal<ResultOf<typeof resize>, number>>();

export function bound(): void {
  app.bound("plain.self", async (self, url: string) => {
    if (!url) throw self.retry();
    const count = await self.step("count", async () => 1);
    expectType<Equal<typeof count, number>>();
    self.heartbeat();
    // @ts-expect-error a step has a name
    await self.step(() => 1);
    return self.deps.db;
  });
  app.bound("endings", (self) => (self.request.retries > 1 ? self.reject({ requeue: true, reason: "busy" }) : self.ignore()));
  // @ts-expect-error one Python name per parameter
  app.task("x", { params: ["x"] }, (x: number, y: number) => x + y);
  app.task(
    "all",
    { serializer: "yaml", compression: "brotli", acksOnFailure: false, rejectOnWorkerLost: true, throws: [RangeError] },
    () => 1,
  );
  // @ts-expect-error what is thrown is a class, not an error
  app.task("x", { throws: [new RangeError()] }, () => 1);
  // @ts-expect-error a misspelt option
  app.task("x", { timelimit: 3 }, (x: number) => x);
  // @ts-expect-error no such dependency
  app.bound("x", (self) => self.deps.cache);
}

export function request(): void {
  app.bound("requests", async (self) => {
    const { id, groupIndex, deliveryCount, eta, headers } = self.request;
    expectType<Equal<typeof id, string>>();
    expectType<Equal<typeof groupIndex, number | null>>();
    expectType<Equal<typeof deliveryCount, number | null>>();
    expectType<Equal<typeof eta, Date | null>>();
    expectType<Equal<typeof headers, Readonly<Record<string, unknown>>>>();
    expectType<Equal<typeof self.request.stamps, Readonly<Record<string, readonly unknown[]>>>>();
    expectType<Equal<typeof self.signal, AbortSignal>>();
    self.log.info("requested", { id });
    await self.updateState("WAITING", { since: 3 });
    // @ts-expect-error the request is what came
    self.request.retries = 0;
    // @ts-expect-error a message is constant, values are fields
    self.log.info({ id });
    return self.retry({ countdown: "1m", eta: new Date(0), cause: new Error("x"), maxRetries: 1, args: [] });
  });
}

/** Recursion needs a written return type, as everywhere in TypeScript. */
export const crawl = app.bound("crawl", async (self, url: string): Promise<number> => {
  return (await crawl.delay(url).get()) + self.request.retries;
});

export function anyTask(): void {
  const all: readonly AnyTask[] = [add, show, ping, resize, crawl];
  const track = <A extends readonly unknown[], R>(task: TaskRef<A, R>, ...args: A) => task.delay(...args);
  expectType<Equal<ReturnType<typeof track<[number], string>>, Sent<string>>>();
  void [track(add, 1, 2), all];
  // @ts-expect-error the arguments are the task's
  void track(add, 1, "2");
}
