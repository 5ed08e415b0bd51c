/** Tasks and plans without an app behind them: what the units of canvas work on. */
import type { CallSender } from "../../packages/core/src/call.ts";
import { type Given, type Plan, type PlanContext, plan } from "../../packages/core/src/canvas/plan.ts";
import type { SignatureJson } from "../../packages/core/src/step.ts";
import { createTaskRef, type TaskRef, type TaskSender } from "../../packages/core/src/task.ts";
import { goldenNowMs } from "./golden.ts";
import { routerOf, settingsOf } from "./router.ts";

const nothingIsSent = (): never => {
  throw new Error("nothing is sent here");
};

export const idleSender: CallSender & TaskSender = {
  send: nothingIsSent,
  sendComposite: nothingIsSent,
  handle: nothingIsSent,
  result: nothingIsSent,
  apply: nothingIsSent,
};

export function taskNamed<A extends readonly unknown[], R>(name: string): TaskRef<A, R> {
  return createTaskRef<A, R, unknown>(idleSender, name);
}

/** Ids are counted: "1", "2" and so on. */
export function countingContext(given: Partial<PlanContext> = {}): PlanContext {
  let made = 0;
  return {
    compose: { settings: settingsOf(), router: routerOf(), origin: "gen1@host", replyTo: "reply", nowMs: goldenNowMs },
    replyTo: "reply",
    definition: () => undefined,
    parent: null,
    resultExpiresMs: 86_400_000,
    nextId: () => String(++made),
    ...given,
  };
}

export function planOf(signature: { toJSON(): object }, given: Given = {}, context: Partial<PlanContext> = {}): Plan {
  return plan(countingContext(context), signature.toJSON() as SignatureJson, given);
}
