/**
 * An envelope as kombu writes it into a Redis list: one JSON object with the body in base64. Written from a template, and read
 * without looking into the body.
 */
import { type Death, deathHeader, type Envelope, type EnvelopeProperties, type Route, wrapUnreadable } from "../../envelope.ts";
import { withHeader, withoutBareWords } from "./raw-json.ts";

/** Our 0-9 (higher is sooner) as kombu's 0-9 (lower is sooner); unset is 0, which is first, as Celery sends it. */
export function wirePriority(priority: number | null): number {
  return priority === null ? 0 : 9 - Math.min(9, Math.max(0, Math.round(priority)));
}

/** The list item. Throws what JSON.stringify throws when a header cannot be written. */
export function encodeEnvelope({ headers, properties, body }: Envelope, route: Route): string {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("base64");
  const expiration = properties.expiration === null ? "" : `, "expiration": ${JSON.stringify(properties.expiration)}`;
  return (
    `{"body": "${text}", "content-encoding": ${JSON.stringify(properties.contentEncoding)}, "content-type": ${JSON.stringify(properties.contentType)}, ` +
    `"headers": ${JSON.stringify(headers)}, "properties": {"correlation_id": ${JSON.stringify(properties.correlationId)}, ` +
    `"reply_to": ${JSON.stringify(properties.replyTo)}, "delivery_mode": ${properties.deliveryMode}${expiration}, ` +
    `"delivery_info": {"exchange": ${JSON.stringify(route.exchange)}, "routing_key": ${JSON.stringify(route.routingKey)}}, ` +
    `"priority": ${wirePriority(properties.priority)}, "body_encoding": "base64", "delivery_tag": ${JSON.stringify(properties.deliveryTag)}}}`
  );
}

/** A message read from a list. */
export interface ReadEnvelope {
  readonly envelope: Envelope;
  /** someone took it before: kombu's own marks */
  readonly redelivered: boolean;
}

type Members = Readonly<Record<string, unknown>>;

/** Reads what kombu or we wrote; throws an Error that says what is wrong with it. */
export function decodeEnvelope(raw: string): ReadEnvelope & { readonly routingKey: string } {
  const message = parse(raw);
  if (!isObject(message)) throw new Error("not a JSON object");
  const { headers, properties } = message;
  if (!isObject(headers)) throw new Error('no object "headers"');
  if (!isObject(properties)) throw new Error('no object "properties"');
  const info = properties["delivery_info"];
  return {
    envelope: { headers, properties: readProperties(message, properties), body: readBody(message["body"], properties["body_encoding"]) },
    redelivered: headers["redelivered"] === true || (isObject(info) && info["redelivered"] === true),
    routingKey: isObject(info) ? textOr(info["routing_key"], "") : "",
  };
}

function parse(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch (error) {
    // Python writes NaN and Infinity as bare words. Everything else stays an error, in the words of the first attempt.
    const text = withoutBareWords(raw);
    if (text === raw) throw error;
    return JSON.parse(text);
  }
}

function isObject(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readProperties(message: Members, properties: Members): EnvelopeProperties {
  const priority = properties["priority"];
  return {
    contentType: textOr(message["content-type"], "application/json"),
    contentEncoding: textOr(message["content-encoding"], "utf-8"),
    correlationId: textOr(properties["correlation_id"], null),
    replyTo: textOr(properties["reply_to"], null),
    deliveryMode: properties["delivery_mode"] === 1 ? 1 : 2,
    // 0 on the wire is what Celery sends when none was set, and served like our 9.
    priority: typeof priority === "number" && priority > 0 ? 9 - Math.min(9, Math.round(priority)) : null,
    expiration: textOr(properties["expiration"], null),
    deliveryTag: textOr(properties["delivery_tag"], ""),
  };
}

function textOr<T>(value: unknown, otherwise: T): string | T {
  return typeof value === "string" ? value : otherwise;
}

/** Without `body_encoding` kombu takes the body as it is. */
function readBody(body: unknown, encoding: unknown): Uint8Array {
  if (typeof body !== "string") throw new Error('no text "body"');
  return Buffer.from(body, encoding === "base64" ? "base64" : "utf8");
}

/** Header `x-celeriac-death` as JSON text in ASCII. */
function deathText(death: Death): string {
  return JSON.stringify(death).replace(/[\u007f-\uffff]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/**
 * The dead letter made of `raw` (bytes read as latin1, and so is what it gives): its own text with the header of its death or,
 * when it is no message, a message that has its bytes as body.
 */
export function deadLetter(raw: string, death: Death, tag: string): string {
  const text = deathText(death);
  const marked = withHeader(raw, deathHeader, text);
  if (marked !== null && isReadable(marked)) return marked;
  const wrapped = encodeEnvelope(wrapUnreadable(Buffer.from(raw, "latin1"), tag), { exchange: "", routingKey: death.queue });
  return withHeader(Buffer.from(wrapped).toString("latin1"), deathHeader, text) as string;
}

/** `raw` may be bytes read as latin1: what decides is written in ASCII. */
export function isReadable(raw: string): boolean {
  try {
    decodeEnvelope(raw);
    return true;
  } catch {
    return false;
  }
}
