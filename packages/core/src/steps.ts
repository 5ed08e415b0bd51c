/**
 * The steps of a task: what one has done is remembered under the task's id, so that neither a retry nor a redelivery does it again. A step has
 * ended when its result is stored: its worker may be killed right after.
 */
import type { ResultBackend } from "./backend.ts";
import { CeleriacError } from "./errors.ts";
import { encodeResult } from "./result-form.ts";
import { readResult, resultText } from "./result-meta.ts";

/** Where they are kept: the result backend, as results of their own. */
export type StepStore = Pick<ResultBackend, "connect" | "get" | "store">;

export interface StepPlace {
  readonly taskId: string;
  readonly nowMs: number;
  /** ms, as long as a result is kept; null = for ever */
  readonly expiresMs: number | null;
}

/** Of the key under which it is kept, which Celery's table of results limits to 155. */
const longestName = 100;

/** The value that the step gave, now or then, as it was stored. Throws what `body` throws, TASK_CONTEXT, PUBLISH_ENCODE, BACKEND_*. */
export async function runStep(store: StepStore, place: StepPlace, name: string, body: () => unknown): Promise<unknown> {
  const { taskId, nowMs, expiresMs } = place;
  const key = `${taskId}.step.${name}`;
  await store.connect();
  const before = await store.get(key);
  if (before !== null) return readResult(key, before).result;
  const value = encodeResult(await body(), `step ${name}`, "json");
  const facts = { taskId: key, state: "SUCCESS", attempt: 0, children: [], nowMs, groupId: null, parentId: taskId, extended: null };
  const text = resultText(facts, value, null);
  const outcome = await store.store({ taskId: key, state: "SUCCESS", attempt: 0, text, expiresMs, replyTo: null });
  // Another run of the task, which was taken for dead, was first: what it gave stands.
  const stands = outcome === "superseded" ? await store.get(key) : null;
  return readResult(key, stands ?? text).result;
}

/** Throws RESULT_STEPS where nothing keeps what a step gave until somebody asks again. */
export function stepStore(backend: ResultBackend | null): StepStore {
  if (backend !== null && backend.replyTo === null) return backend;
  const where = backend === null ? "results are disabled" : "rpc:// sends results to their caller and keeps none";
  throw new CeleriacError("RESULT_STEPS", `self.step() keeps what a step gave in the result backend, and ${where}: name another backend`);
}

/** Throws TASK_CONTEXT for a name that is none, or that an earlier step of the same run has. */
export function checkStepName(name: unknown, earlier: Set<string>): void {
  if (typeof name !== "string" || name.trim() === "" || name.length > longestName)
    throw new CeleriacError(
      "TASK_CONTEXT",
      `self.step(): a step's name is a text of 1 to ${longestName} characters, got ${JSON.stringify(name)}`,
    );
  if (earlier.has(name))
    throw new CeleriacError(
      "TASK_CONTEXT",
      `self.step(${JSON.stringify(name)}): this run has had a step of that name; in a loop, put what differs into it`,
    );
  earlier.add(name);
}
