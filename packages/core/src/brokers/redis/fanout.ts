/**
 * Fanout exchanges, as kombu has them: what is published is told on a channel, and only who listens at that moment gets it. A worker of ours
 * puts what it hears into the lists of its queues that are bound to the exchange, from which it is claimed like everything else.
 */
import { reasonOf } from "../../errors.ts";
import type { Logger } from "../../logger.ts";
import { broadcastOf, type QueueDeclaration } from "../../queue-table.ts";
import { literalGlob } from "../../redis/glob.ts";
import { decodeEnvelope, wirePriority } from "./envelope-json.ts";
import { fanoutChannel, listOf, stepOf } from "./keys.ts";
import { putOnce } from "./put.ts";
import type { Session } from "./session.ts";

export interface FanoutOptions {
  readonly session: Session;
  readonly db: number;
  readonly logger: Logger;
}

/** What one session hears. */
export class FanoutEar {
  readonly #options: FanoutOptions;
  /** pattern of channels → the queues it feeds */
  #queues: ReadonlyMap<string, readonly string[]> = new Map();
  /** patterns the server was asked for, which end with the session */
  readonly #patterns = new Set<string>();

  constructor(options: FanoutOptions) {
    this.#options = options;
    options.session.onHeard((pattern, payload) => this.#heard(pattern, payload));
  }

  /** For these queues from now on. Resolves when it hears. Rejects when the server refuses. */
  async listen(queues: readonly QueueDeclaration[]): Promise<void> {
    const { session, db } = this.#options;
    this.#queues = patternsOf(queues, db);
    const unheard = [...this.#queues.keys()].filter((pattern) => !this.#patterns.has(pattern));
    if (unheard.length > 0) await session.listen(unheard);
    for (const pattern of unheard) this.#patterns.add(pattern);
  }

  /** Hears nothing more that is for no queue: whoever publishes learns whether anybody does. Rejects as `listen`. */
  async forget(): Promise<void> {
    const unwanted = [...this.#patterns].filter((pattern) => !this.#queues.has(pattern));
    if (unwanted.length > 0) await this.#options.session.unlisten(unwanted);
    for (const pattern of unwanted) this.#patterns.delete(pattern);
  }

  #heard(pattern: string, payload: Buffer): void {
    const { session, logger } = this.#options;
    for (const queue of this.#queues.get(pattern) ?? []) {
      put(session, queue, payload).catch((error: unknown) =>
        logger.warn("A broadcast was heard and could not be put into its queue", { queue, reason: reasonOf(error) }),
      );
    }
  }
}

function patternsOf(queues: readonly QueueDeclaration[], db: number): ReadonlyMap<string, readonly string[]> {
  const patterns = new Map<string, string[]>();
  for (const { name, bindings } of queues) {
    for (const { exchange, exchangeType } of bindings) {
      if (exchangeType !== "fanout") continue;
      const channel = literalGlob(fanoutChannel(db, exchange, ""));
      // A fanout exchange leads on whatever the routing key is, which kombu writes into the channel.
      for (const pattern of [channel, `${channel}/*`]) patterns.set(pattern, [...(patterns.get(pattern) ?? []), name]);
    }
  }
  return patterns;
}

/** Workers that share a queue all hear it: the guard lets one of them put it there. */
async function put(session: Session, queue: string, payload: Buffer): Promise<void> {
  let list = listOf(queue, 0);
  let guard = "";
  try {
    const { priority, deliveryTag } = decodeEnvelope(payload.toString()).envelope.properties;
    list = listOf(queue, stepOf(wirePriority(priority)));
    if (deliveryTag !== "" && broadcastOf(queue) === null) guard = deliveryTag;
  } catch {
    // Its consumer will find that it is no message, and say so.
  }
  await (guard === "" ? session.data.call("LPUSH", list, payload) : putOnce(list, [{ raw: payload, tag: guard }], session.data));
}
