/** One look of a wait: whether it is over, and when to look again. The runner looks while it holds a slot, the triggerer while nobody does. */
import { reasonOf } from "@celeriac/core/runtime";
import type { Ending, Wait, WorkContext } from "./model.ts";

/** `ending`: null where it goes on */
export interface Look {
  readonly ending: Ending | null;
  /** when to look again, if it goes on */
  readonly nextAt: number;
}

/** `firstStartedAt`: from where its time counts. What `poke` throws is a failure that may be tried again; time that is over is not. */
export async function look(wait: Wait, context: WorkContext, args: readonly unknown[], firstStartedAt: number): Promise<Look> {
  let value: unknown;
  try {
    value = await wait.poke(context, args);
  } catch (error) {
    return { ending: { kind: "failed", reason: reasonOf(error), retryable: true }, nextAt: 0 };
  }
  if (value !== undefined && value !== false) return { ending: { kind: "success", value }, nextAt: 0 };
  const now = context.clock.now();
  const overAt = wait.timeoutMs === null ? Number.POSITIVE_INFINITY : firstStartedAt + wait.timeoutMs;
  if (now < overAt) return { ending: null, nextAt: Math.min(now + wait.intervalMs, overAt) };
  return { ending: timedOut(wait), nextAt: 0 };
}

function timedOut({ timeoutMs, softFail }: Wait): Ending {
  const reason = `it waited for longer than its timeout (${timeoutMs} ms)`;
  return softFail ? { kind: "skipped", reason } : { kind: "failed", reason, retryable: false };
}
