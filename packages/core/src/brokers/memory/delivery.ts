/** One claimed message of a space, from its claim to its one settlement, which happens in one step. */
import type { Delivery, Settlement, SettleOutcome } from "../../broker.ts";
import type { Clock } from "../../clock.ts";
import { deathOf, type Envelope } from "../../envelope.ts";
import { BrokerError } from "../../errors.ts";
import type { NewMessage, StoredMessage } from "../../memory/messages.ts";
import type { Space } from "../../memory/space.ts";
import { deadLetterOf, messagesOf } from "./message.ts";

/** The consumer's side of a delivery. */
export interface Claimant {
  readonly space: Space;
  readonly clock: Clock;
  readonly settlesResults: boolean;
  /** Called when it is settled. */
  released(): void;
}

export function createDelivery(message: StoredMessage, envelope: Envelope, claimant: Claimant): Delivery {
  const { claim, claims, deliveries } = message;
  const isOurs = () => message.claim === claim;
  return {
    envelope,
    queue: message.content.queue,
    deliveries,
    redelivered: claims > 1 || deliveries > 0,
    // Nothing survives the process, so no run has to be marked for those who come after it.
    begin: async () => (isOurs() ? "settled" : "lost"),
    settle: async (settlement) => (isOurs() ? settle(message, envelope, settlement, claimant) : "lost"),
  };
}

/** Throws before it has changed anything, or not at all. */
function settle(
  message: StoredMessage,
  envelope: Envelope,
  { results, parts = [], publish, then }: Settlement,
  claimant: Claimant,
): SettleOutcome {
  const { space, clock } = claimant;
  const { deliveries, content } = message;
  if (results.length + parts.length > 0 && !claimant.settlesResults) {
    throw new BrokerError("BROKER_REFUSED", "This broker settles no results: they are kept elsewhere than in its space");
  }
  const now = clock.now();
  const follows: NewMessage[] = publish.flatMap((publication) => messagesOf(publication, space.bindings));
  if (then.kind === "deadLetter") follows.push(deadLetterOf(envelope, deathOf(then, { queue: content.queue, deliveries }, now)));
  for (const result of results) space.results.store(result, now);
  if (parts.length > 0 && space.chords.count(parts, now) === "complete") return "complete";
  if (then.kind === "requeue") {
    const dueAt = then.afterMs === undefined ? null : now + then.afterMs;
    space.messages.putBack(message, { dueAt, counted: then.counted, now });
  } else space.messages.remove(message);
  for (const follow of follows) space.messages.insert(follow, now);
  claimant.released();
  return "settled";
}
