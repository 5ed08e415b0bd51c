/**
 * Walks each delivery through the worker: request → gate → pool → settlement. Its duties:
 * 1. decode a delivery's headers; what cannot be decoded goes to the dead letters;
 * 2. ask the gate, and settle at once what must not run;
 * 3. hand the rest to the pool and settle its ending, once;
 * 4. know what is still under way, so that a stop can wait for it.
 */
import {
  type AppRuntime,
  afterSuccess,
  celeryErrors,
  type Delivery,
  decodeBody,
  failpoint,
  finalSuccess,
  type Logger,
  reasonOf,
  resultText,
  type Settlement,
} from "@celeriac/core/runtime";
import { judge } from "./gate.ts";
import type { Pool, PoolListener } from "./pool.ts";
import { type Request, readRequest } from "./request.ts";
import type { Ending, Run } from "./run.ts";
import { type SettleContext, settle } from "./settle.ts";
import { recordOf, type SettlementContext, settlementOf } from "./settlement.ts";
import type { Teller } from "./telling.ts";

export interface ConsumerParts extends SettlementContext, SettleContext {
  readonly runtime: AppRuntime;
  readonly logger: Logger;
  readonly teller: Teller;
  readonly pool: Pool;
}

export interface TaskConsumer {
  /** Takes a delivery; everything that follows is awaited by `idle`. */
  take(delivery: Delivery): void;
  /** What a pool tells of a run under way. */
  readonly poolListener: Pick<PoolListener, "began" | "updateState">;
  /** Resolves when nothing taken is left unsettled. */
  idle(): Promise<void>;
}

export function createTaskConsumer(parts: () => ConsumerParts): TaskConsumer {
  const underway = new Map<string, Request>();
  const walks = new Set<Promise<void>>();

  function take(delivery: Delivery): void {
    failpoint("claim.received");
    const walk = walkThrough(parts(), delivery, underway);
    walks.add(walk);
    void walk.finally(() => walks.delete(walk));
  }

  function began(run: Run, pid: number): void {
    const request = underway.get(run.id);
    if (request === undefined) return;
    parts().teller.task("task-started", request, () => ({ pid }));
    const track = request.definition?.options.trackStarted ?? parts().runtime.settings.taskTrackStarted;
    if (track) storeState(parts(), request, "STARTED", JSON.stringify({ pid, hostname: parts().hostname }));
  }

  return {
    take,
    poolListener: {
      began,
      updateState(run, state, metaJson) {
        const request = underway.get(run.id);
        if (request !== undefined) storeState(parts(), request, state, metaJson);
      },
    },
    async idle() {
      while (walks.size > 0) await Promise.all(walks);
    },
  };
}

/** Never rejects. */
async function walkThrough(parts: ConsumerParts, delivery: Delivery, underway: Map<string, Request>): Promise<void> {
  let request: Request;
  try {
    request = readRequest(parts.runtime, delivery);
  } catch (error) {
    return deadLetterUnread(parts, delivery, error);
  }
  const { teller } = parts;
  const verdict = judge(request, parts.clock.now());
  switch (verdict.kind) {
    case "park":
      teller.task("task-parked", request, () => ({ dueAt: new Date(verdict.dueAt).toISOString() }));
      await settle(parts, request, { publish: [], then: { kind: "requeue", afterMs: verdict.afterMs, counted: false } });
      return;
    case "expired":
      return finish(parts, request, { kind: "expired" }, 0);
    case "unknown":
      return finish(parts, request, { kind: "unknown" }, 0);
    case "poisoned":
      return finish(parts, request, { kind: "rejected", requeue: false, reason: `began ${verdict.deliveries} times without an end` }, 0);
    case "run":
      return runAndFinish(parts, request, underway);
  }
}

async function runAndFinish(parts: ConsumerParts, request: Request, underway: Map<string, Request>): Promise<void> {
  const { delivery, run } = request;
  parts.teller.task("task-received", request, () => ({ name: run.task, queue: run.queue, retries: request.headers.retries }));
  if (delivery.redelivered || delivery.deliveries > 0) {
    const stored = await settledBefore(parts, request);
    if (stored !== null) {
      await settleAndTell(parts, request, stored, { kind: "succeeded", value: "", children: [], publish: [] }, 0);
      return;
    }
    if ((await begin(parts, request)) === "lost") return;
  }
  failpoint("gate.passed");
  if (!request.acksLate && (await settle(parts, request, { publish: [], then: { kind: "acknowledge" } })) === "lost") {
    parts.teller.task("task-lost", request, () => ({ reason: "claim lost before it ran" }));
    return;
  }
  const startedAt = parts.clock.monotonic();
  underway.set(run.id, request);
  failpoint("pool.submitted");
  const ending = await parts.pool.submit(run);
  failpoint("outcome.received");
  underway.delete(run.id);
  await (request.acksLate ? finish : finishAcknowledged)(parts, request, ending, parts.clock.monotonic() - startedAt);
}

/** Marks a suspect's run as begun before it starts, so that only it is counted should this worker die. */
async function begin(parts: ConsumerParts, request: Request): Promise<"settled" | "lost"> {
  try {
    return await request.delivery.begin();
  } catch (error) {
    parts.logger.warn("a suspect could not be marked as begun", { taskId: request.headers.id, reason: reasonOf(error) });
    return "lost";
  }
}

/** The settlement of a task that had succeeded before it was delivered again: what follows it is published, and it does not run twice. */
async function settledBefore(parts: ConsumerParts, request: Request): Promise<Settlement | null> {
  if (parts.backend === null) return null;
  try {
    const text = await parts.backend.get(request.headers.id);
    const success = text === null ? null : finalSuccess(request.headers.id, text);
    if (success === null) return null;
    const { run, headers } = request;
    const followed = {
      headers,
      rawHeaders: run.headers,
      body: decodeBody(run.body, run.contentType),
      queue: run.queue,
      priority: run.priority,
      replyTo: run.replyTo,
    };
    return { publish: afterSuccess(parts.runtime, followed, success.result).publish, then: { kind: "acknowledge" } };
  } catch (error) {
    parts.logger.debug("the stored result could not be read: the task runs again", { taskId: request.headers.id, reason: reasonOf(error) });
    return null;
  }
}

async function finish(parts: ConsumerParts, request: Request, ending: Ending, runMs: number): Promise<void> {
  await settleAndTell(parts, request, settlementOf(parts, request, ending), ending, runMs);
}

/** At most once: it was acknowledged before it ran and cannot go back, so a run that was cut short has failed. */
async function finishAcknowledged(parts: ConsumerParts, request: Request, ending: Ending, runMs: number): Promise<void> {
  const isCut = settlementOf(parts, request, ending).then.kind === "requeue";
  const last = isCut ? lostRun(ending) : ending;
  const settlement = settlementOf(parts, request, last);
  await storeAndPublish(parts, request, settlement);
  tellEnding(parts, request, last, settlement, runMs);
}

function lostRun(ending: Ending): Ending {
  const reason = ending.kind === "executorLost" ? ending.reason : "it was stopped after it had been acknowledged";
  return { kind: "failed", error: celeryErrors.workerLost(reason), expected: false, children: [], publish: [] };
}

async function settleAndTell(parts: ConsumerParts, request: Request, settlement: Settlement, ending: Ending, runMs: number): Promise<void> {
  if ((await settle(parts, request, settlement)) === "lost") {
    parts.teller.task("task-lost", request, () => ({ reason: `its ending (${ending.kind}) came after the claim was lost` }));
    return;
  }
  tellEnding(parts, request, ending, settlement, runMs);
}

/** What is left of a task that was acknowledged before it ran: its result and what follows. */
async function storeAndPublish(parts: ConsumerParts, request: Request, settlement: Settlement): Promise<void> {
  try {
    if (settlement.result !== undefined) await parts.backend?.store(settlement.result);
    for (const publication of settlement.publish) await parts.broker.publish(publication);
  } catch (error) {
    parts.logger.error("the outcome of a task that was acknowledged early is lost", {
      taskId: request.headers.id,
      task: request.headers.task,
      reason: reasonOf(error),
    });
  }
}

function tellEnding({ teller }: ConsumerParts, request: Request, ending: Ending, { then }: Settlement, runMs: number): void {
  const runtime = Math.round(runMs) / 1_000;
  if (then.kind === "deadLetter") {
    teller.task("task-dead-lettered", request, () => ({ reason: then.reason, queue: request.run.queue }));
    return;
  }
  if (then.kind === "requeue") {
    teller.task("task-rejected", request, () => ({ requeue: true, reason: ending.kind }));
    return;
  }
  switch (ending.kind) {
    case "succeeded":
      teller.task("task-succeeded", request, () => ({ runtime }));
      return;
    case "failed":
      teller.task("task-failed", request, () => ({
        exception: exceptionText(ending.error),
        traceback: ending.expected ? null : ending.error.traceback,
        runtime,
      }));
      return;
    case "timedOut":
      teller.task("task-failed", request, () => ({ exception: `TimeLimitExceeded(${ending.limitMs / 1_000})`, traceback: null, runtime }));
      return;
    case "retried":
      teller.task("task-retried", request, () => ({ exception: exceptionText(ending.error), retries: request.headers.retries + 1 }));
      return;
    case "expired":
      teller.task("task-revoked", request, () => ({ reason: "expired", expired: true }));
      return;
    default:
      return;
  }
}

function exceptionText(error: { readonly type: string; readonly args: readonly unknown[] }): string {
  return `${error.type}(${error.args.map((arg) => JSON.stringify(arg)).join(", ")})`;
}

/** A state on the way. It is not fenced: the backend keeps a final state over it. */
function storeState(parts: ConsumerParts, request: Request, state: string, metaJson: string): void {
  const record = recordOf(parts, request, state, [], (facts) => resultText(facts, metaJson, null));
  if (record === undefined) return;
  parts.backend
    ?.store(record)
    .catch((error: unknown) =>
      parts.logger.warn("a state could not be stored", { taskId: request.headers.id, state, reason: reasonOf(error) }),
    );
}

async function deadLetterUnread(parts: ConsumerParts, delivery: Delivery, error: unknown): Promise<void> {
  const reason = reasonOf(error);
  try {
    await delivery.settle({ publish: [], then: { kind: "deadLetter", reason } });
    parts.logger.error("task-dead-lettered", { queue: delivery.queue, reason });
  } catch (failure) {
    parts.logger.error("an undecodable message could not be dead-lettered", { queue: delivery.queue, reason: reasonOf(failure) });
  }
}
