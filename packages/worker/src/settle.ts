/**
 * Settles each delivery once: store the result → publish what follows → acknowledge, in one step where broker and backend share a server.
 * Better twice than lost: whatever fails is repeated until it is done or the claim is gone.
 */
import {
  type Broker,
  type Clock,
  failpoint,
  type Logger,
  PublishError,
  type ResultBackend,
  reasonOf,
  type Settlement,
  type SettleOutcome,
} from "@celeriac/core/runtime";
import type { Request } from "./request.ts";

export interface SettleContext {
  readonly broker: Broker;
  /** null where results are disabled */
  readonly backend: ResultBackend | null;
  readonly clock: Clock;
  readonly logger: Logger;
  /** aborts when the worker gives up waiting for a broker that is away */
  readonly giveUp: AbortSignal;
}

const longestWaitMs = 2_000;

/** `lost`: nothing was published or acknowledged, and nothing stored where the broker settles results. Never rejects. */
export async function settle(context: SettleContext, request: Request, settlement: Settlement): Promise<SettleOutcome> {
  failpoint("settle.before");
  const { result, ...rest } = settlement;
  const inOneStep = context.broker.settlesResults;
  if (result !== undefined && !inOneStep && context.backend !== null) {
    const { backend } = context;
    const reconnecting = async () => {
      await backend.connect();
      return await backend.store(result);
    };
    const stored = await repeat(context, request, "storing a result", () => backend.store(result), reconnecting);
    if (stored === null) return "lost";
    failpoint("settle.stored");
  }
  const outcome = await repeat(context, request, "settling", () =>
    settleOnce(request, inOneStep && context.backend !== null ? settlement : rest),
  );
  failpoint("settle.acknowledged");
  return outcome ?? "lost";
}

/** What follows but can never be routed would keep the delivery for ever: it goes to the dead letters, where the reason can be read. */
async function settleOnce(request: Request, settlement: Settlement): Promise<SettleOutcome> {
  try {
    return await request.delivery.settle(settlement);
  } catch (error) {
    if (!PublishError.is(error) || error.code !== "PUBLISH_UNROUTABLE") throw error;
    return await request.delivery.settle({
      publish: [],
      then: { kind: "deadLetter", reason: `what follows it cannot be published: ${error.message}` },
    });
  }
}

/** null when the worker gave up: the claim stays with its incarnation, and whoever recovers that runs the task again. */
async function repeat<T>(
  context: SettleContext,
  request: Request,
  what: string,
  first: () => Promise<T>,
  again = first,
): Promise<T | null> {
  let attempt = first;
  for (let waitMs = 50; ; waitMs = Math.min(waitMs * 2, longestWaitMs)) {
    try {
      return await attempt();
    } catch (error) {
      context.logger.warn(`${what} failed, trying again`, {
        taskId: request.headers.id,
        task: request.headers.task,
        reason: reasonOf(error),
        retryInMs: waitMs,
      });
    }
    attempt = again;
    if (context.giveUp.aborted) return null;
    await context.clock.sleep(waitMs, context.giveUp);
  }
}
