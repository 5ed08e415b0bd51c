/**
 * Settles each delivery once: store the result → publish what follows → acknowledge, in one step where broker and backend share a server.
 * Better twice than lost: whatever fails is repeated until it is done or the claim is gone.
 */
import {
  type Broker,
  type ChordStart,
  type Clock,
  failpoint,
  type Logger,
  PublishError,
  type ResultBackend,
  type ResultRecord,
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

/** What a driver settles, and what is done before. */
export interface PlannedSettlement extends Settlement {
  /** chords whose members are published: opened before, for a member may end at once */
  readonly opens?: readonly ChordStart[] | undefined;
}

const longestWaitMs = 2_000;

/** `lost`: nothing was published or acknowledged, and nothing stored where the broker settles results. Never rejects. */
export async function settle(context: SettleContext, request: Request, settlement: PlannedSettlement): Promise<SettleOutcome> {
  failpoint("settle.before");
  if (settlement.opens !== undefined) {
    if (!(await openChords(context, request, settlement.opens))) return "lost";
    failpoint("settle.opened");
  }
  let due: Settlement = settlement;
  if (settlement.results.length > 0 && !context.broker.settlesResults) {
    if (!(await store(context, request, settlement.results))) return "lost";
    failpoint("settle.stored");
    due = { ...settlement, results: [] };
  }
  let outcome: SettleOutcome | null;
  try {
    // Nearly always it is done at the first attempt: what only others need is made behind it.
    outcome = await request.delivery.settle(due);
  } catch (error) {
    outcome = await settleAgain(context, request, { due, error });
  }
  failpoint("settle.acknowledged");
  return outcome ?? "lost";
}

/** What is left of a task that was acknowledged before it ran: its results, and what follows as far as the broker surely does not have it. Never rejects. */
export async function settleAcknowledged(
  context: SettleContext,
  request: Request,
  { opens = [], results, publish }: PlannedSettlement,
): Promise<void> {
  await openChords(context, request, opens);
  await store(context, request, results);
  for (const publication of publish) {
    await repeat(context, taskOf(request), "publishing what follows", async () => {
      try {
        await context.broker.publish(publication);
      } catch (error) {
        if (PublishError.is(error) && error.retryable) throw error;
        context.logger.error("what follows a task could not be published", { ...taskOf(request), reason: reasonOf(error) });
      }
    });
  }
}

/** false when the worker gave up. */
async function openChords({ backend, ...context }: SettleContext, request: Request, opens: readonly ChordStart[]): Promise<boolean> {
  const chords = backend?.chords;
  // What plans a chord has looked whether it can be counted.
  if (backend === null || chords === undefined) return true;
  for (const start of opens) {
    const again = async () => {
      await backend.connect();
      await chords.open(start);
      return true;
    };
    if ((await repeat(context, taskOf(request), "opening a chord", again)) === null) return false;
  }
  return true;
}

/** false when the worker gave up. */
async function store({ backend, ...context }: SettleContext, request: Request, results: readonly ResultRecord[]): Promise<boolean> {
  if (backend === null) return true;
  for (const result of results) {
    const again = async () => {
      await backend.connect();
      return await backend.store(result);
    };
    if ((await repeat(context, taskOf(request), "storing a result", () => backend.store(result), again)) === null) return false;
  }
  return true;
}

interface FailedSettlement {
  readonly due: Settlement;
  readonly error: unknown;
}

/** null when the worker gave up. */
async function settleAgain(context: SettleContext, request: Request, { due, error }: FailedSettlement): Promise<SettleOutcome | null> {
  const again = async () => {
    try {
      return await request.delivery.settle(due);
    } catch (refused) {
      return await withoutUnroutable(request, refused);
    }
  };
  return await repeat(context, taskOf(request), "settling", () => withoutUnroutable(request, error), again);
}

/** What follows but can never be routed would keep the delivery for ever: it goes to the dead letters, where the reason can be read. Rejects with any other error. */
async function withoutUnroutable(request: Request, error: unknown): Promise<SettleOutcome> {
  if (!PublishError.is(error) || error.code !== "PUBLISH_UNROUTABLE") throw error;
  const reason = `what follows it cannot be published: ${error.message}`;
  return await request.delivery.settle({ results: [], publish: [], then: { kind: "deadLetter", reason, counted: true } });
}

/** Does `first`, then `again`, until it is done. null when the worker gave up: the claim stays with its incarnation, and whoever recovers that runs the task again. */
export async function repeat<T>(
  { clock, logger, giveUp }: Pick<SettleContext, "clock" | "logger" | "giveUp">,
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

/** The task of a request, for a log line. */
export function taskOf({ headers }: Request): { readonly taskId: string; readonly task: string } {
  return { taskId: headers.id, task: headers.task };
}
