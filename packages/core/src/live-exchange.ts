/** What all live exchanges have in common: how a message for one is made, how its queues live, and what a subscriber is meant to hear. */
import { randomUUID } from "node:crypto";
import type { LiveExchange, SubscribeOptions } from "./broker.ts";
import { type Duration, durationMs } from "./duration.ts";
import type { Envelope } from "./envelope.ts";
import type { Serializer } from "./serializer.ts";

/** `body` is as the serializer writes it. */
export function liveEnvelope(
  { contentType, contentEncoding }: Pick<Serializer, "contentType" | "contentEncoding">,
  body: Uint8Array,
  headers: Envelope["headers"],
  deliveryMode: 1 | 2,
): Envelope {
  return {
    headers,
    properties: {
      contentType,
      contentEncoding,
      correlationId: null,
      replyTo: null,
      deliveryMode,
      priority: null,
      expiration: null,
      deliveryTag: randomUUID(),
    },
    body,
  };
}

/** Times of a queue, as RabbitMQ takes them: whole milliseconds, 1 at least; null = never. Throws CONFIG_DURATION. */
export function queueMs(duration: Duration | null, name: string): number | null {
  return duration === null ? null : Math.max(1, Math.round(durationMs(duration, name)));
}

/** For drivers that pass everything on. */
export function meant({ type }: LiveExchange, { routingKey: wanted, heard }: SubscribeOptions): SubscribeOptions["heard"] {
  if (type !== "direct") return heard;
  return (envelope, routingKey) => {
    if (routingKey === wanted) heard(envelope, routingKey);
  };
}
