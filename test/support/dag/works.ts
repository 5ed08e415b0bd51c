/** What tasks of a test do, and one of them run as an executor would. */
import type { Ending, WorkContext } from "../../../packages/airflow-bridge/src/dag/model.ts";
import { type RunEnd, type RunnerParts, runInstance } from "../../../packages/airflow-bridge/src/dag/runner/runner.ts";
import type { TaskSketch } from "./model.ts";
import { openStage, type Stage } from "./stage.ts";

export const never: WorkContext["signal"] = new AbortController().signal;
export const run = (work: (context: WorkContext, args: readonly unknown[]) => Promise<Ending>) => ({ kind: "run", run: work }) as const;
export const gives = (value: unknown) => run(async () => ({ kind: "success", value }));
export const fails = (retryable = true) => run(async () => ({ kind: "failed", reason: "no luck", retryable }));
/** Runs until its signal aborts, and throws what that says. */
export const heeds = run(async ({ signal }) => {
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  throw signal.reason;
});
export const heedsNot = run(() => new Promise(() => {}));

export async function runOnce(
  stage: Stage,
  taskId: string,
  signal: WorkContext["signal"] = never,
  parts: Partial<RunnerParts> = {},
): Promise<RunEnd> {
  const { externalId } = await stage.queue(taskId);
  return await runInstance(stage.place(taskId), externalId, { ...stage.parts, ...parts }, signal);
}

export const one = (work: TaskSketch["work"], sketch: TaskSketch = {}) => openStage({ t: { ...sketch, work: work! } });
