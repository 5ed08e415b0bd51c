/** Remote control of the pool: how large it is, and its restart. Texts are Celery's. */
import { reasonOf } from "@celeriac/core/runtime";
import { stackLines } from "../stack-text.ts";
import type { Commands } from "./command.ts";
import type { Desk } from "./desk.ts";

export const poolCommands: Commands<"pool_grow" | "pool_shrink" | "pool_restart" | "autoscale" | "stacks"> = {
  pool_grow: (desk, { n }) => resize(desk, n ?? 1, "pool will grow"),
  pool_shrink: (desk, { n }) => resize(desk, -(n ?? 1), "pool will shrink"),
  pool_restart({ pool, logger }) {
    // Which may take as long as what runs.
    pool.restart().then(
      () => logger.info("Pool restarted", {}),
      (error: unknown) => logger.error("The pool could not be restarted", { reason: reasonOf(error) }),
    );
    return { ok: "reload started" };
  },
  async stacks({ pool }) {
    return (await pool.stacks()).map((executor) => ({
      pid: executor.pid,
      tasks: executor.runs.map(({ id, task, forMs }) => ({ id, name: task, seconds: Math.round(forMs) / 1_000 })),
      stack: stackLines(executor),
    }));
  },
  autoscale({ pool }, { max, min }) {
    const range = pool.autoscale;
    if (range === null) return { error: "ValueError('Autoscale not enabled')" };
    pool.setAutoscale({ max: max ?? range.max, min: Math.max(1, min ?? range.min) });
    return { ok: `autoscale now max=${pool.autoscale?.max} min=${pool.autoscale?.min}` };
  },
};

function resize({ pool }: Desk, by: number, answer: string) {
  pool.resize(pool.concurrency + by);
  return { ok: answer };
}
