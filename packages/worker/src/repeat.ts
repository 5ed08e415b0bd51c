/** What has to be done is tried until it is, or until the worker gives up. */
import { type Clock, type Logger, reasonOf } from "@celeriac/core/runtime";

export interface RepeatContext {
  readonly clock: Clock;
  readonly logger: Logger;
  /** aborts when the worker gives up waiting for a broker that is away */
  readonly giveUp: AbortSignal;
}

const longestWaitMs = 2_000;

/** Does `first`, then `again`, until it is done. null when the worker gave up: the claim stays with its incarnation, and whoever recovers that runs the task again. */
export async function repeat<T>(
  { clock, logger, giveUp }: RepeatContext,
  about: object,
  what: string,
  first: () => Promise<T>,
  again = first,
): Promise<T | null> {
  let attempt = first;
  for (let waitMs = 50; ; waitMs = Math.min(waitMs * 2, longestWaitMs)) {
    try {
      return await attempt();
    } catch (error) {
      logger.warn(`${what} failed, trying again`, { ...about, reason: reasonOf(error), retryInMs: waitMs });
    }
    attempt = again;
    if (giveUp.aborted) return null;
    await clock.sleep(waitMs, giveUp);
  }
}
