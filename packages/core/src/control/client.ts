/** Sends commands of remote control to workers, of either language, and gathers their answers. */
import { randomUUID } from "node:crypto";
import type { Broker } from "../broker.ts";
import type { Clock } from "../clock.ts";
import { reasonOf } from "../errors.ts";
import type { LamportClock } from "../lamport-clock.ts";
import type { Logger } from "../logger.ts";
import {
  type Audience,
  type ControlReply,
  type ControlSettings,
  clockOf,
  controlRules,
  readReplies,
  replyExchange,
  replyQueue,
  requestExchange,
  writeRequest,
} from "./pidbox.ts";

export interface ControlParts {
  readonly broker: Broker;
  readonly settings: ControlSettings;
  readonly clock: Clock;
  readonly lamport: LamportClock;
  readonly logger: Logger;
}

export interface ControlCall extends Audience {
  readonly method: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

export interface ReplyWait {
  readonly timeoutMs: number;
  /** as many answers are enough; null: all that come in time */
  readonly limit: number | null;
  /** Called when the broker has passed the command on; must not throw. */
  readonly asked?: (() => void) | undefined;
  /** Waits no longer when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** Called with each answer as it comes; must not throw. */
  readonly replied?: ((reply: ControlReply) => void) | undefined;
}

/** Resolves when the broker has passed it on. Throws BROKER_*, PUBLISH_*. */
export async function tellWorkers({ broker, settings, lamport }: ControlParts, call: ControlCall): Promise<void> {
  await broker.connect();
  await broker.broadcast(requestExchange(settings), "", writeRequest({ ...call, clock: lamport.forward(), replyTo: null }, 0));
}

/** Resolves with the answers that came in time; nobody knows how many workers there are. Throws BROKER_*, PUBLISH_*. */
export async function askWorkers(parts: ControlParts, call: ControlCall, wait: ReplyWait): Promise<readonly ControlReply[]> {
  const { broker, settings, clock, lamport, logger } = parts;
  const exchange = replyExchange(settings);
  const [oid, ticket] = [randomUUID(), randomUUID()];
  const rules = controlRules(settings);
  const limit = wait.limit ?? call.destination?.length ?? Number.POSITIVE_INFINITY;
  const enough = new AbortController();
  const { signal = enough.signal } = wait;
  const replies: ControlReply[] = [];
  await broker.connect();
  const subscription = await broker.subscribe(exchange, {
    ...replyQueue(settings, oid),
    heard(envelope) {
      try {
        for (const reply of readReplies(envelope, ticket, rules)) {
          replies.push(reply);
          wait.replied?.(reply);
        }
        lamport.adjust(clockOf(envelope));
      } catch (error) {
        logger.warn("an answer of remote control cannot be read", { method: call.method, reason: reasonOf(error) });
      }
      if (replies.length >= limit) enough.abort();
    },
  });
  try {
    const replyTo = { exchange: exchange.name, routingKey: oid, ticket };
    const request = { ...call, clock: lamport.forward(), replyTo };
    await broker.broadcast(requestExchange(settings), "", writeRequest(request, clock.now() + wait.timeoutMs));
    wait.asked?.();
    await clock.sleep(wait.timeoutMs, AbortSignal.any([enough.signal, signal]));
    return replies;
  } finally {
    await subscription.close();
  }
}
