/** Turns publications into messages of a space and back, and deliveries that end badly into dead letters. */
import type { Publication } from "../../broker.ts";
import { type Death, deadLetterQueue, deathHeader, type Envelope } from "../../envelope.ts";
import { PublishError, reasonOf } from "../../errors.ts";
import type { Bindings } from "../../memory/bindings.ts";
import type { NewMessage, StoredMessage } from "../../memory/messages.ts";

const lowestRank = 9;

/** One for each queue that gets it. Throws PUBLISH_ENCODE, PUBLISH_UNROUTABLE. */
export function messagesOf({ envelope, route, dueAt, guarded }: Publication, bindings: Bindings): readonly NewMessage[] {
  const { exchange, routingKey } = route;
  if (exchange === "" && routingKey === "")
    throw new PublishError("PUBLISH_UNROUTABLE", "The route names no queue: its routing key is empty");
  const queues = exchange === "" ? [routingKey] : bindings.lead(exchange, routingKey);
  return queues.map((queue) => write(envelope, queue, dueAt ?? null, guarded === true));
}

export function deadLetterOf(envelope: Envelope, death: Death): NewMessage {
  const headers = { ...envelope.headers, [deathHeader]: death };
  return write({ ...envelope, headers }, deadLetterQueue(death.queue), null, false);
}

export function envelopeOf({ content }: StoredMessage): Envelope {
  const { headers, properties } = JSON.parse(content.head) as Pick<Envelope, "headers" | "properties">;
  return { headers, properties, body: content.body };
}

function write({ headers, properties, body }: Envelope, queue: string, dueAt: number | null, guarded: boolean): NewMessage {
  let head: string;
  try {
    head = JSON.stringify({ headers, properties });
  } catch (cause) {
    throw new PublishError("PUBLISH_ENCODE", `Headers cannot be written as JSON: ${reasonOf(cause)}`, { cause });
  }
  return { tag: properties.deliveryTag, queue, rank: lowestRank - (properties.priority ?? 0), dueAt, guarded, head, body };
}
