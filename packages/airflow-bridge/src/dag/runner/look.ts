/** One look of a wait: whether it is over, and when to look again. The runner looks while it holds a slot, the triggerer while nobody does. */
import type { Ending, Wait, WorkContext } from "../model.ts";
import { thrownEnding } from "./task-ending.ts";

/** `ending`: null where it goes on */
export interface Look {
  readonly ending: Ending | null;
  /** when to look again, if it goes on */
  readonly nextAt: number;
}

/** `firstStartedAt`: from where its time counts. What `poke` throws is a failure that may be tried again, unless it says otherwise; time that is over is not. */
export async function look(wait: Wait, context: WorkContext, args: readonly unknown[], firstStartedAt: number): Promise<Look> {
  let value: unknown;
  try {
    value = await wait.poke(context, args);
  } catch (error) {
    return { ending: softened(thrownEnding(error), wait), nextAt: 0 };
  }
  if (value !== undefined && value !== false) return { ending: { kind: "success", value }, nextAt: 0 };
  const now = context.clock.now();
  const overAt = wait.timeoutMs === null ? Number.POSITIVE_INFINITY : firstStartedAt + wait.timeoutMs;
  if (now < overAt) return { ending: null, nextAt: Math.min(now + wait.intervalMs, overAt) };
  return { ending: timedOut(wait), nextAt: 0 };
}

/** How a wait ends that has taken too long. */
export function timedOut({ timeoutMs, softFail }: Wait): Extract<Ending, { readonly kind: "failed" | "skipped" }> {
  const reason = `it waited for longer than its timeout (${timeoutMs} ms)`;
  return softFail ? { kind: "skipped", reason } : { kind: "failed", reason, retryable: false };
}

/** A soft wait that has failed for good is skipped, as in Airflow. */
function softened(ending: Ending, { softFail }: Wait): Ending {
  return softFail && ending.kind === "failed" && !ending.retryable ? { kind: "skipped", reason: ending.reason } : ending;
}
