/** An app and tasks for the type tests. Nothing here runs: the compiler is the test. */
import { type ContextOf, createApp } from "celeriac";

export const app = createApp("proj", {
  broker: process.env["CELERY_BROKER_URL"],
  deps: async (scope) => {
    const db = { query: (sql: string) => [sql] };
    scope.onClose(() => db);
    return { db };
  },
  config: { task_default_queue: "celery", taskTimeLimit: "10m" },
});

export type Self<P = unknown> = ContextOf<typeof app, P>;

export const add = app.task("proj.add", async (x: number, y: number) => x + y);
export const show = app.task("proj.show", (n: number) => `n=${n}`);
export const ping = app.task("proj.ping", async () => "pong" as const);
