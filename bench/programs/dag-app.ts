/** The app of the comparison with the raw queue: one empty task, and DAGs of empty functions, each with a run that is due when a scheduler starts. */

import { dag } from "@celeriac/airflow-bridge/dag";
import { createApp } from "@celeriac/core";

const { BENCH_BROKER: broker = "memory://", BENCH_DAGS: dags = "0", BENCH_TASKS: tasks = "0" } = process.env;
const hourMs = 3_600_000;

export const ran = { count: 0 };
export const app = createApp("bench", { broker, backend: broker });
export const noop = app.task("bench.noop", () => void ran.count++);

const startAt = new Date(Math.floor(Date.now() / hourMs) * hourMs);
for (let at = 0; at < Number(dags); at += 1)
  dag(app, `dag${at}`, { schedule: "@hourly", startAt, catchUp: true }, (d) => {
    // In layers of five, each task behind two of the layer before.
    const made = Array.from({ length: Number(tasks) }, (_, n) => d.task(`t${n}`, async () => void ran.count++)());
    for (const [n, each] of made.entries()) {
      const above = n - (n % 5) - 5;
      if (above >= 0) each.after(made[above + (n % 5)]!, made[above + ((n + 1) % 5)]!);
    }
  });
