/** Envelopes as AMQP messages and back: headers are the native table, properties the native ones, the delivery tag is the message id. */
import { randomUUID } from "node:crypto";
import type { Message, Options } from "amqplib";
import { fieldTable } from "../../amqp/field-table.ts";
import type { Envelope } from "../../envelope.ts";
import { PublishError, reasonOf } from "../../errors.ts";

/** Header of a message whose delay ends between two of the broker's seconds: epoch ms before which the consumer holds it back. */
export const dueHeader = "x-celeriac-due";

/** A message ready to be written anywhere. */
export interface Content {
  readonly content: Buffer;
  readonly options: Options.Publish;
}

/**
 * What RabbitMQ adds when it dead-letters or redelivers. A message that is published again with `x-death` still in it is dropped without a word
 * when it passes the same delay queue (a cycle, to the broker).
 */
function isBrokersOwn(header: string): boolean {
  return /^x-(death$|(first|last)-death-|delivery-count$)/.test(header);
}

function ownHeaders(headers: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const own: Record<string, unknown> = {};
  for (const key in headers) if (!key.startsWith("x-") || !(isBrokersOwn(key) || key === dueHeader)) own[key] = headers[key];
  return own;
}

/** Throws PUBLISH_ENCODE for headers that AMQP cannot carry. */
export function toContent({ headers, properties, body }: Envelope): Content {
  return {
    content: Buffer.from(body.buffer, body.byteOffset, body.byteLength),
    options: {
      headers: headerTable(headers),
      contentType: properties.contentType,
      contentEncoding: properties.contentEncoding,
      deliveryMode: properties.deliveryMode,
      // Celery sends 0 when none is set.
      priority: properties.priority ?? 0,
      messageId: properties.deliveryTag,
      ...(properties.correlationId === null ? {} : { correlationId: properties.correlationId }),
      ...(properties.replyTo === null ? {} : { replyTo: properties.replyTo }),
      ...(properties.expiration === null ? {} : { expiration: properties.expiration }),
    },
  };
}

function headerTable(headers: Readonly<Record<string, unknown>>) {
  try {
    return fieldTable(ownHeaders(headers));
  } catch (cause) {
    throw new PublishError("PUBLISH_ENCODE", `The headers cannot be written to AMQP: ${reasonOf(cause)}`, { cause });
  }
}

/** The same message to be published again, with `changes` to its headers and whatever else its producer gave it. */
export function againAs(message: Message, changes: Readonly<Record<string, unknown>>): Content {
  const { properties, content } = message;
  const options: Record<string, unknown> = { headers: fieldTable({ ...ownHeaders(properties.headers ?? {}), ...changes }) };
  for (const name of repeated) if (properties[name] !== undefined) options[name] = properties[name];
  options["messageId"] ??= randomUUID();
  return { content, options };
}

/** All but `userId`, which the broker compares with who publishes. */
const repeated = [
  "contentType",
  "contentEncoding",
  "deliveryMode",
  "priority",
  "correlationId",
  "replyTo",
  "expiration",
  "messageId",
  "timestamp",
  "type",
  "appId",
] as const;

export function toEnvelope({ properties, content }: Message): Envelope {
  return {
    headers: ownHeaders(properties.headers ?? {}),
    properties: {
      contentType: text(properties.contentType) ?? "application/data",
      contentEncoding: text(properties.contentEncoding) ?? "utf-8",
      correlationId: text(properties.correlationId),
      replyTo: text(properties.replyTo),
      deliveryMode: properties.deliveryMode === 2 ? 2 : 1,
      priority: typeof properties.priority === "number" ? properties.priority : null,
      expiration: text(properties.expiration),
      deliveryTag: text(properties.messageId) ?? text(properties.correlationId) ?? randomUUID(),
    },
    body: content,
  };
}

/** Epoch ms before which it is not to be handed out; null = at once. */
export function dueAtOf({ properties }: Message): number | null {
  const due: unknown = properties.headers?.[dueHeader];
  return typeof due === "number" ? due : null;
}

/** What tells one message of a queue from another as far as anything can: a producer other than ours may not have named it. */
export function identityOf(queue: string, { properties, content }: Message): string {
  const { messageId, correlationId, headers } = properties;
  const named = text(messageId);
  return named === null ? `${queue}\n${correlationId}\n${headers?.["retries"]}\n${content.length}` : `${queue}\n${named}`;
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
