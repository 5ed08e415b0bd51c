/**
 * Walks each delivery through the worker: request → gate → pool → settlement. Its duties:
 * 1. decode a delivery's headers; what cannot be decoded goes to the dead letters;
 * 2. ask the gate, settle at once what must not run, and put off what is over its rate;
 * 3. hand the rest to the pool and settle its ending, once;
 * 4. know what is still under way, so that a stop can wait for it.
 */

import {
  type AppRuntime,
  celeryErrors,
  codedReasonOf,
  type Delivery,
  type Ending,
  failpoint,
  type Logger,
  type Run,
  reasonOf,
  remoteErrorOf,
  resultText,
  type Settlement,
} from "@celeriac/core/runtime";
import type { EventSwitch } from "./event-switch.ts";
import { judge, type Verdict } from "./gate.ts";
import { needsExecutor } from "./hard-limit.ts";
import type { LimitChanges } from "./limit-changes.ts";
import type { PausedTasks } from "./paused-tasks.ts";
import type { Pool, PoolListener } from "./pool.ts";
import type { RateLimits } from "./rate-limits.ts";
import { repeat } from "./repeat.ts";
import { type Request, readRequest, taskOf } from "./request.ts";
import type { Revoked } from "./revoked.ts";
import type { SetAside } from "./set-aside.ts";
import { type PlannedSettlement, type SettleContext, settle, settleAcknowledged } from "./settle.ts";
import { settledBefore } from "./settled-before.ts";
import { failedEnding, recordOf, type SettlementContext, settlementOf } from "./settlement.ts";
import { signalEnded, signalReceived } from "./task-signals.ts";
import { type Teller, tellEnding } from "./telling.ts";

export interface ConsumerParts extends SettlementContext, SettleContext {
  readonly runtime: AppRuntime;
  readonly logger: Logger;
  readonly teller: Teller;
  readonly events: EventSwitch;
  readonly pool: Pool;
  readonly revoked: Revoked;
  readonly paused: PausedTasks;
  readonly limits: RateLimits;
  readonly limitChanges: LimitChanges;
  readonly aside: SetAside;
}

export interface TaskConsumer {
  /** Takes a delivery; everything that follows is awaited by `idle`. */
  take(delivery: Delivery): void;
  /** What a pool tells of a run under way. */
  readonly poolListener: Pick<PoolListener, "began" | "updateState">;
  /** What the pool holds. */
  underway(): Iterable<Request>;
  /** How many the pool has. */
  readonly running: number;
  /** Resolves when nothing taken is left unsettled. */
  idle(): Promise<void>;
}

export function createTaskConsumer(parts: () => ConsumerParts): TaskConsumer {
  const underway = new Map<Run, Request>();
  let walks = 0;
  let waiting: (() => void)[] = [];

  function take(delivery: Delivery): void {
    failpoint("claim.received");
    walks++;
    void walkThrough(parts(), delivery, underway).then(walked);
  }

  function walked(): void {
    walks--;
    if (walks > 0) return;
    for (const resolve of waiting) resolve();
    waiting = [];
  }

  function began(run: Run, pid: number): void {
    const request = underway.get(run);
    if (request === undefined) return;
    request.began = { pid, at: parts().clock.now() };
    parts().teller.task("task-started", request, () => ({ pid }));
    parts().events.tasks?.started(request);
    const track = request.definition?.options.trackStarted ?? parts().runtime.settings.taskTrackStarted;
    if (track) storeState(parts(), request, "STARTED", JSON.stringify({ pid, hostname: parts().hostname }));
  }

  return {
    take,
    poolListener: {
      began,
      updateState(run, state, metaJson) {
        const request = underway.get(run);
        if (request !== undefined) storeState(parts(), request, state, metaJson);
      },
    },
    underway: () => underway.values(),
    get running() {
      return underway.size;
    },
    async idle() {
      while (walks > 0) await new Promise<void>((resolve) => waiting.push(resolve));
    },
  };
}

/** Never rejects. It waits for nothing itself: each function that does costs a short task as much as its own work. */
function walkThrough(parts: ConsumerParts, delivery: Delivery, underway: Map<Run, Request>): Promise<void> {
  let request: Request;
  try {
    request = readRequest(parts.runtime, delivery, parts.limitChanges);
  } catch (error) {
    return deadLetterUnread(parts, delivery, error);
  }
  return walkOn(parts, request, underway, false);
}

/** `hasTurn`: its task's rate lets it begin. */
function walkOn(parts: ConsumerParts, request: Request, underway: Map<Run, Request>, hasTurn: boolean): Promise<void> {
  const verdict = judge(request, parts.clock.now(), parts.pool.endsRuns, parts);
  switch (verdict.kind) {
    case "park":
      return park(parts, request, verdict);
    case "paused":
      return defer(parts, request, "its task is paused", parts.paused.waitMs(request.run.task));
    case "expired":
    case "undecodable":
    case "unknown":
    case "poisoned":
      return finish(parts, request, verdict, 0);
    case "revoked":
      return finish(parts, request, notBegun(verdict.reason), 0);
    case "unlimitable":
      return finish(parts, request, failedEnding(parts, request, remoteErrorOf(needsExecutor(`this call of ${request.run.task}`))), 0);
    case "run":
      return hasTurn ? runAndFinish(parts, request, underway) : runInTurn(parts, request, underway);
  }
}

function park(parts: ConsumerParts, request: Request, { dueAt, afterMs }: Extract<Verdict, { kind: "park" }>): Promise<void> {
  parts.teller.task("task-parked", request, () => ({ dueAt: new Date(dueAt).toISOString() }));
  return putOff(parts, request, afterMs);
}

function defer(parts: ConsumerParts, request: Request, reason: string, afterMs: number): Promise<void> {
  parts.teller.task("task-deferred", request, () => ({ reason, afterMs }));
  return putOff(parts, request, afterMs);
}

/** Into the broker's delay store; the consumer reads on meanwhile. */
async function putOff(parts: ConsumerParts, request: Request, afterMs: number): Promise<void> {
  parts.aside.returns(1);
  await settle(parts, request, { results: [], publish: [], then: { kind: "requeue", afterMs, counted: false } });
  parts.aside.returns(-1);
}

/** At its task's rate. While it waits here it may expire, so the gate is asked again. */
function runInTurn(parts: ConsumerParts, request: Request, underway: Map<Run, Request>): Promise<void> {
  const pacer = parts.limits.of(request.run.task);
  if (pacer === null) return runAndFinish(parts, request, underway);
  return new Promise((resolve) => {
    const turn = pacer.take(request, (release) =>
      resolve(
        release === "handBack" ? finish(parts, request, { kind: "handedBack" }, 0) : walkOn(parts, request, underway, release === "turn"),
      ),
    );
    if (turn.kind === "now") resolve(runAndFinish(parts, request, underway));
    if (turn.kind === "later") resolve(defer(parts, request, "its task is over its rate", turn.afterMs));
  });
}

async function runAndFinish(parts: ConsumerParts, request: Request, underway: Map<Run, Request>): Promise<void> {
  const { delivery, run } = request;
  parts.teller.task("task-received", request, () => ({ name: run.task, queue: run.queue, retries: request.headers.retries }));
  parts.events.tasks?.received(request);
  signalReceived(parts, request);
  if (delivery.redelivered || delivery.deliveries > 0) {
    const stored = await settledBefore(parts, request);
    if (stored !== null) {
      await settleAndTell(parts, request, stored, { kind: "succeeded", value: "", children: [], publish: [] }, 0);
      return;
    }
    if (!(await hasBegun(parts, request))) return;
  }
  failpoint("gate.passed");
  if (!request.acksLate && (await settle(parts, request, { results: [], publish: [], then: { kind: "acknowledge" } })) === "lost") {
    parts.teller.task("task-lost", request, () => ({ reason: "claim lost before it ran" }));
    return;
  }
  const startedAt = parts.clock.monotonic();
  underway.set(run, request);
  failpoint("pool.submitted");
  const ending = await runUnlessRevoked(parts, request);
  failpoint("outcome.received");
  underway.delete(run);
  parts.limits.roomCame();
  await (request.acksLate ? finish : finishAcknowledged)(parts, request, ending, parts.clock.monotonic() - startedAt);
}

/** It may have been revoked since the gate, and what the pool gives back because it has not begun may be: neither begins, here or elsewhere. */
async function runUnlessRevoked({ pool, revoked }: ConsumerParts, { run, headers }: Request): Promise<Ending> {
  const before = revoked.reasonFor(headers);
  if (before !== null) return notBegun(before);
  const ending = await pool.submit(run);
  const meanwhile = ending.kind === "handedBack" ? revoked.reasonFor(headers) : null;
  return meanwhile === null ? ending : notBegun(meanwhile);
}

function notBegun(reason: string): Ending {
  return { kind: "revoked", reason, begun: false };
}

/** Marks a suspect's run as begun before it starts, so that only it is counted should this worker die. false: it must not run here. */
async function hasBegun(parts: ConsumerParts, request: Request): Promise<boolean> {
  const outcome = await repeat(parts, taskOf(request), "marking a suspect as begun", () => request.delivery.begin());
  if (outcome === "lost") parts.teller.task("task-lost", request, () => ({ reason: "claim lost before it ran" }));
  return outcome === "settled";
}

function finish(parts: ConsumerParts, request: Request, ending: Ending, runMs: number): Promise<void> {
  return settleAndTell(parts, request, settlementOf(parts, request, ending), ending, runMs);
}

/** At most once: it was acknowledged before it ran and cannot go back, so a run that was cut short has failed. */
async function finishAcknowledged(parts: ConsumerParts, request: Request, ending: Ending, runMs: number): Promise<void> {
  const isCut = settlementOf(parts, request, ending).then.kind === "requeue";
  const last = isCut ? failedEnding(parts, request, celeryErrors.workerLost(cutReason(ending))) : ending;
  const settlement = settlementOf(parts, request, last);
  await settleAcknowledged(parts, request, settlement);
  tellEnded(parts, request, last, settlement, runMs);
}

function cutReason(ending: Ending): string {
  return ending.kind === "executorLost" ? ending.reason : "it was stopped after it had been acknowledged";
}

async function settleAndTell(
  parts: ConsumerParts,
  request: Request,
  settlement: PlannedSettlement,
  ending: Ending,
  runMs: number,
): Promise<void> {
  if ((await settle(parts, request, settlement)) === "lost") {
    parts.teller.task("task-lost", request, () => ({ reason: `its ending (${ending.kind}) came after the claim was lost` }));
    return;
  }
  tellEnded(parts, request, ending, settlement, runMs);
}

function tellEnded(parts: ConsumerParts, request: Request, ending: Ending, settlement: Settlement, runMs: number): void {
  tellEnding(parts.teller, request, ending, settlement, runMs);
  parts.events.tasks?.ended(request, ending, settlement.then, runMs);
  signalEnded(parts, request, ending);
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
  const { queue } = delivery;
  const reason = codedReasonOf(error);
  const settlement: Settlement = { results: [], publish: [], then: { kind: "deadLetter", reason } };
  const outcome = await repeat(parts, { queue }, "dead-lettering what cannot be read", () => delivery.settle(settlement));
  if (outcome !== "settled") return;
  parts.logger.error("task-dead-lettered", { queue, reason });
  parts.runtime.signals.send("taskRejected", () => ({ queue, reason }));
}
