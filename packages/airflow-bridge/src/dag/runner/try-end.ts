/** Ends a try in the store, or lets it wait: from the ending of its work to state, XCom, skipped neighbours, row of the log, and the scheduler's next look. The last step of the runner and the triggerer, and what a scheduler writes for tasks that end elsewhere. */
import { type Logger, reasonOf, redactText } from "@celeriac/core/runtime";
import { type InstanceEvent, statesBefore, transition } from "../decision/machine.ts";
import { retryDelayMs } from "../decision/retry.ts";
import type { Ending, TaskModel } from "../model.ts";
import type { InstancePlace, InstanceRecord } from "../records.ts";
import type { InstanceState } from "../states.ts";
import type { Tables } from "../store/store.ts";
import type { Try } from "./try-begin.ts";
import { encodeXCom, returnValueKey, xcomAdvisedBytes } from "./xcom.ts";

/** What is written for an ending. */
export interface TryEnd {
  readonly event: InstanceEvent;
  /** of the try, for the log; null: it goes on later */
  readonly logged: InstanceState | null;
  readonly at: number;
  readonly nextAt: number | null;
  readonly reason: string | null;
  /** JSON; null: none */
  readonly xcom: string | null;
  /** tasks all of whose instances are skipped that have not ended */
  readonly skip: readonly string[];
}

export interface EndRules {
  readonly now: number;
  /** of JSON */
  readonly maxXcomBytes: number;
}

const longestReason = 2_000;

/** What an ending comes to, by the tries that are left. A value that may not be kept is a failure. `task`: undefined where its code is not here. Pure. */
export function tryEndOf(ending: Ending, { instance, run }: Try, task: TaskModel | undefined, rules: EndRules): TryEnd {
  const base = { at: rules.now, nextAt: null, reason: null, xcom: null, skip: [] };
  switch (ending.kind) {
    case "success":
    case "branch": {
      let xcom: string | null;
      try {
        xcom = encodeXCom(ending.value, rules.maxXcomBytes)?.text ?? null;
      } catch (error) {
        return tryEndOf({ kind: "failed", reason: reasonOf(error), retryable: true }, { instance, run }, task, rules);
      }
      return { ...base, event: "succeed", logged: "success", xcom, skip: ending.kind === "branch" ? ending.skip : [] };
    }
    case "skipped":
      return { ...base, event: "skip", logged: "skipped", reason: shown(ending.reason) };
    case "failed": {
      const reason = shown(ending.reason);
      if (!ending.retryable || instance.tryNumber >= instance.maxTries) return { ...base, event: "fail", logged: "failed", reason };
      const { logicalDate } = run;
      const delayMs = task === undefined ? 0 : retryDelayMs({ ...instance, logicalDate }, task.options);
      return { ...base, event: "retry", logged: "failed", reason, nextAt: rules.now + delayMs };
    }
    case "reschedule":
      return { ...base, event: "reschedule", logged: null, nextAt: ending.at };
    case "defer":
      return { ...base, event: "defer", logged: null, nextAt: ending.at };
  }
}

/** Within a transaction. `from`: the state in which it is held under this id. null: it is not any more, and nothing was written. */
export async function endTry(
  tables: Tables,
  instance: InstanceRecord & { readonly externalId: string },
  end: TryEnd,
  from: InstanceState = "running",
): Promise<InstanceState | null> {
  // The run before its instances, as everybody locks them.
  await tables.runs.wake(instance, end.at);
  const { nextAt, reason } = end;
  const state = transition(from, end.event);
  const isOver = end.logged !== null;
  const fields = { state, nextAt, reason, ...(isOver ? { endedAt: end.at } : {}) };
  if (!(await tables.instances.change(instance, { states: [from], externalId: instance.externalId }, fields))) return null;
  if (end.xcom !== null) await tables.xcoms.put({ ...placeOf(instance), key: returnValueKey, value: end.xcom });
  if (end.skip.length > 0) await skipTasks(tables, instance, end);
  if (end.logged !== null)
    await tables.tries.add({
      ...placeOf(instance),
      tryNumber: instance.tryNumber,
      state: end.logged,
      hostname: instance.hostname,
      startedAt: instance.firstStartedAt,
      endedAt: end.at,
      reason,
    });
  return state;
}

/** Within a transaction. What was cleared while it ran begins anew, where a try is left. null: it was not. */
export async function endCleared(
  tables: Tables,
  instance: InstanceRecord & { readonly externalId: string },
  now: number,
): Promise<InstanceState | null> {
  // Who clears raises its tries.
  const { tryNumber = 0, maxTries = 0 } = (await tables.instances.find(instance)) ?? {};
  const event = tryNumber < maxTries ? "restart" : "fail";
  const end: TryEnd = { event, logged: "failed", at: now, nextAt: null, reason: "it was cleared while it ran", xcom: null, skip: [] };
  return await endTry(tables, instance, end, "restarting");
}

async function skipTasks(tables: Tables, { dagId, runId, taskId }: InstancePlace, { skip, at }: TryEnd): Promise<void> {
  const fields = { state: "skipped", endedAt: at, nextAt: null, reason: `skipped by ${taskId}` } as const;
  for (const each of await tables.instances.ofRun({ dagId, runId }))
    if (skip.includes(each.taskId)) await tables.instances.change(each, { states: statesBefore("give_up") }, fields);
}

/** Says so where a value is larger than it should be. */
export function warnOfSize({ xcom }: TryEnd, logger: Logger, maxBytes: number): void {
  const bytes = xcom === null ? 0 : Buffer.byteLength(xcom);
  if (bytes > xcomAdvisedBytes) logger.warn("a task gave a large value", { bytes, advisedBytes: xcomAdvisedBytes, maxBytes });
}

function placeOf({ dagId, runId, taskId, mapIndex }: InstancePlace): InstancePlace {
  return { dagId, runId, taskId, mapIndex };
}

/** People read it. */
function shown(reason: string): string {
  return redactText(reason).slice(0, longestReason);
}
