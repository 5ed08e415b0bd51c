/** Publishes with confirmation: retries what the broker surely does not have until the deadline, never what it may have. Stands between messages and the broker. */
import type { Broker, Passage, Publication } from "./broker.ts";
import type { Clock } from "./clock.ts";
import { createDeadlines } from "./deadlines.ts";
import { isUnreachable, PublishError, reasonOf } from "./errors.ts";
import { type PublishRetry, publishWaitMs } from "./publish-retry.ts";

export interface PublishRules {
  readonly timeoutMs: number;
  /** null: the first refusal is final */
  readonly retry: PublishRetry | null;
  readonly abort?: AbortSignal | undefined;
  /** what must be open before the message may go, e.g. the reply queue of rpc:// */
  readonly before?: (() => Promise<void>) | undefined;
  /** awaited when nothing but the writing is left to be done; what it rejects with, the publish rejects with */
  readonly depart?: (() => Promise<void>) | undefined;
}

export interface Producer {
  /** Resolves when the broker has it. Rejects within `timeoutMs` with PUBLISH_REJECTED, PUBLISH_UNCERTAIN or PUBLISH_UNROUTABLE. */
  publish(publication: Publication, rules: PublishRules): Promise<void>;
}

export function createProducer(broker: Broker, clock: Clock): Producer {
  const deadlines = createDeadlines(clock);

  async function attempts(publication: Publication, rules: PublishRules, flight: Flight): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        if (!broker.connected) await broker.connect();
        if (rules.before !== undefined) await rules.before();
        if (flight.isOver) return;
        flight.sent = flight.depart === undefined;
        return await broker.publish(publication, flight);
      } catch (error) {
        const refusal = toPublishError(error);
        flight.sent = false;
        flight.withdraw = null;
        flight.refusal = error;
        if (flight.isBarred || !refusal.retryable || rules.retry === null || attempt >= rules.retry.maxRetries || flight.isOver)
          throw refusal;
        await clock.sleep(publishWaitMs(rules.retry, attempt));
        if (flight.isOver) return;
      }
    }
  }

  return {
    publish(publication, rules) {
      if (rules.abort?.aborted === true) return Promise.reject(rejected("the call was aborted before it was sent"));
      return new Promise<void>((resolve, reject) => {
        const flight = flightOf(rules);
        const finish = (settle: () => void) => {
          if (flight.isOver) return;
          flight.isOver = true;
          deadlines.remove(deadline);
          rules.abort?.removeEventListener("abort", onAbort);
          settle();
        };
        const giveUp = (why: string) => finish(() => reject(givenUp(flight, why)));
        const onAbort = () => giveUp("the call was aborted");
        const deadline = deadlines.add(rules.timeoutMs, () => giveUp(`no confirmation within ${rules.timeoutMs} ms`));
        rules.abort?.addEventListener("abort", onAbort, { once: true });
        attempts(publication, rules, flight).then(
          () => finish(resolve),
          (error: unknown) => finish(() => reject(error)),
        );
      });
    },
  };
}

/** One publication under way. `sent`: it is with the driver and not answered yet. */
interface Flight extends Passage {
  depart: (() => Promise<void>) | undefined;
  sent: boolean;
  /** it may not depart: that is not to be repeated */
  isBarred: boolean;
  /** what the last attempt failed with */
  refusal: unknown;
}

function flightOf({ depart }: PublishRules): Flight {
  const flight: Flight = { isOver: false, withdraw: null, sent: false, isBarred: false, refusal: undefined, depart: undefined };
  if (depart === undefined) return flight;
  flight.depart = async () => {
    await depart().catch((error: unknown) => {
      flight.isBarred = true;
      throw error;
    });
    if (flight.isOver) throw rejected("it was given up before it could leave");
    flight.sent = true;
  };
  return flight;
}

function givenUp({ withdraw, sent, refusal }: Flight, why: string): PublishError {
  if (withdraw !== null) return rejected(`${why}; ${withdraw()}`);
  return sent ? uncertain(why) : rejected(why, refusal);
}

function rejected(why: string, cause?: unknown): PublishError {
  const reason = cause === undefined ? why : `${why}; ${reasonOf(cause)}`;
  return new PublishError("PUBLISH_REJECTED", `The broker does not have the task: ${reason}`, { retryable: true, cause });
}

function uncertain(why: string): PublishError {
  return new PublishError("PUBLISH_UNCERTAIN", `The broker may have the task: ${why}. Repeat with the same taskId`, { retryable: false });
}

/** What could not be reached does not have the message; what is wrong with the URL or the message will not heal. */
function toPublishError(error: unknown): PublishError {
  if (PublishError.is(error)) return error;
  const retryable = isUnreachable(error);
  return new PublishError("PUBLISH_REJECTED", `The broker does not have the task: ${reasonOf(error)}`, { retryable, cause: error });
}
