/** Turns publications into rows of the file, and deliveries that end badly into dead letters. */
import type { Publication } from "../../broker.ts";
import { type Death, deadLetterQueue, deathHeader, type Envelope, type Route } from "../../envelope.ts";
import { PublishError, reasonOf } from "../../errors.ts";
import type { NewMessage } from "../../sqlite/operation.ts";
import { writeEnvelope } from "../../sqlite/raw-envelope.ts";

/** A message ready for the file, with its raw envelope. */
export interface Letter {
  readonly message: NewMessage;
  readonly raw: Uint8Array;
}

const lowestRank = 9;

/** Throws PUBLISH_ENCODE, PUBLISH_UNROUTABLE. */
export function letterOf({ envelope, route, dueAt, guarded }: Publication): Letter {
  if (route.exchange === "" && route.routingKey === "")
    throw new PublishError("PUBLISH_UNROUTABLE", "The route names no queue: its routing key is empty");
  return letter(envelope, route, dueAt ?? null, guarded === true);
}

export function deadLetterOf(envelope: Envelope, death: Death): Letter {
  const headers = { ...envelope.headers, [deathHeader]: death };
  return letter({ ...envelope, headers }, { exchange: "", routingKey: deadLetterQueue(death.queue) }, null, false);
}

function letter(envelope: Envelope, { exchange, routingKey }: Route, due: number | null, guarded: boolean): Letter {
  const raw = rawOf(envelope);
  const { priority, deliveryTag: tag } = envelope.properties;
  return { message: { tag, exchange, queue: routingKey, rank: lowestRank - (priority ?? 0), due, guarded, size: raw.byteLength }, raw };
}

/** Throws PUBLISH_ENCODE. */
export function rawOf(envelope: Envelope): Uint8Array {
  try {
    return writeEnvelope(envelope);
  } catch (cause) {
    throw new PublishError("PUBLISH_ENCODE", `Headers cannot be written as JSON: ${reasonOf(cause)}`, { cause });
  }
}
