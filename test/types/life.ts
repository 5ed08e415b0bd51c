/** The app from opening to closing, and what it gives by name. */
import { type App, type AsyncResult, createApp, type Sent, type Settings, type TaskContext } from "celeriac";
import { app } from "./app.ts";
import { type Equal, expectType } from "./equal.ts";

export async function life(): Promise<void> {
  await using own = createApp("own", { include: [() => import("./app.ts")], backend: undefined });
  // biome-ignore lint/complexity/noBannedTypes: an app that opens nothing
  expectType<Equal<typeof own, App<{}>>>();
  await own.connect();
  const health = await own.health();
  expectType<Equal<typeof health.broker, "up" | "blocked" | "down">>();
  expectType<Equal<typeof health.backend, "up" | "down" | "disabled">>();
  await own.close({ deadline: "5s" });
  // @ts-expect-error a length of time is a Duration
  await own.close({ deadline: "5 seconds" });
  // @ts-expect-error modules are loaded by functions, so that producers never load them
  createApp("eager", { include: [import("./app.ts")] });
}

export function opened(): void {
  createApp("nodes", {
    broker: ["amqps://a.example", "amqps://b.example"],
    credentials: async ({ purpose, url }) => ({ username: purpose, password: url }),
  });
  // @ts-expect-error whoever logs in has a password
  createApp("nameless", { credentials: () => ({ username: "shop" }) });
}

export function byName(): void {
  const sent = app.sendTask<number>("other.task", [1], { kwargs: { x: 2 } });
  expectType<Equal<typeof sent, Sent<number>>>();
  const handle = app.result("id");
  expectType<Equal<typeof handle, AsyncResult<unknown>>>();
  const context = app.currentTask();
  expectType<Equal<typeof context, TaskContext<unknown, { db: { query: (sql: string) => string[] } }> | undefined>>();
  expectType<Equal<typeof app.config, Readonly<Settings>>>();
  // @ts-expect-error settings are resolved once, and frozen
  app.config.taskDefaultQueue = "other";
}

export function equipped(): void {
  const other = app.withDeps(async () => ({ cache: new Map<string, number>() }));
  other.bound("cached", (self, key: string) => self.deps.cache.get(key));
  // @ts-expect-error what tasks need is an object
  app.withDeps(() => 3);
  // An app whose tasks need more serves where any app does.
  const any: App<unknown> = other;
  void any;
}
