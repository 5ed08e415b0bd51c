/** Celeriac through its public doors. */
import { app, noop, stamp } from "./celeriac-app.mjs";

export async function openProducer() {
  await app.connect();
  const tasks = { noop, stamp };
  return {
    send: (index) => noop.delay(index),
    roundtrip: (task, argument) => tasks[task].delay(argument).get(),
    async fill(n) {
      for (let sent = 0; sent < n; sent += 1000)
        await Promise.all(Array.from({ length: Math.min(1000, n - sent) }, (_, index) => noop.delay(sent + index)));
    },
    async waiting() {
      const { runtimeOf } = await import("@celeriac/core/runtime");
      const { broker } = await runtimeOf(app).links();
      return broker.queues.length("celery");
    },
    close: () => app.close(),
  };
}

export async function startWorker({ pool, concurrency }) {
  const { createWorker } = await import("celeriac/worker");
  const worker = createWorker(app, { pool, concurrency, queues: ["celery"] }, { logLevel: "warn", logger: stderrLogger });
  await worker.start();
  return {
    async stop() {
      const stats = worker.stats();
      await worker.stop({ deadlineMs: 2_000 });
      return stats;
    },
  };
}

const write = (level) => (message, fields) => (level === "warn" || level === "error") && console.error(level, message, fields ?? "");
const stderrLogger = { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
