/**
 * Remote control as Celery has it on the wire (kombu's pidbox): a command goes to all workers through a fanout exchange, and each answers through
 * a direct one to whoever asked. Both sides, the mailbox and the client, write and read it here.
 */
import type { LiveExchange, SubscribeOptions } from "../broker.ts";
import type { Settings } from "../config.ts";
import { type ContentRules, contentRules, decodeContent, serializers } from "../content.ts";
import type { Envelope } from "../envelope.ts";
import { liveEnvelope, queueMs } from "../live-exchange.ts";
import { checkEncodable, plainForm } from "../serializers/encodable.ts";

export type ControlSettings = Pick<
  Settings,
  "controlExchange" | "controlQueueTtl" | "controlQueueExpires" | "acceptContent" | "maxMessageBytes"
>;

/** Where an answer goes. */
export interface ReplyTo {
  readonly exchange: string;
  readonly routingKey: string;
  readonly ticket: string;
}

/** Which workers a command is meant for: those that are named, else those whose name fits the pattern, else all. */
export interface Audience {
  readonly destination: readonly string[] | null;
  readonly pattern: string | null;
  readonly matcher: "glob" | "pcre" | null;
}

export interface ControlRequest extends Audience {
  readonly method: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** of the sender's Lamport clock */
  readonly clock: number;
  /** null: nobody waits for an answer */
  readonly replyTo: ReplyTo | null;
}

/** What one worker answers. */
export interface ControlReply {
  readonly hostname: string;
  readonly value: unknown;
}

export function requestExchange({ controlExchange }: Pick<Settings, "controlExchange">): LiveExchange {
  return { name: `${controlExchange}.pidbox`, type: "fanout", durable: false };
}

export function replyExchange({ controlExchange }: Pick<Settings, "controlExchange">): LiveExchange {
  return answersOn(`reply.${controlExchange}.pidbox`);
}

/** The one that a request names. */
export function answersOn(exchange: string): LiveExchange {
  return { name: exchange, type: "direct", durable: false };
}

/** Of a worker's mailbox: a new one each time, because one that a dead connection holds cannot be had until the server notices. */
export function mailboxQueue(settings: ControlSettings, hostname: string): Omit<SubscribeOptions, "heard"> {
  return { ...times(settings), queueName: (id) => `${hostname}.${id}.${settings.controlExchange}.pidbox` };
}

/** Of one who waits for answers under the key `oid`. */
export function replyQueue(settings: ControlSettings, oid: string): Omit<SubscribeOptions, "heard"> {
  return { ...times(settings), routingKey: oid, queueName: () => `${oid}.${replyExchange(settings).name}` };
}

function times({ controlQueueTtl, controlQueueExpires }: ControlSettings) {
  return { messageTtlMs: queueMs(controlQueueTtl, "controlQueueTtl"), expiresMs: queueMs(controlQueueExpires, "controlQueueExpires") };
}

/** What either side reads: JSON always, and what the app accepts. */
export function controlRules({ acceptContent, maxMessageBytes }: ControlSettings): ContentRules {
  return contentRules({ acceptContent: [...acceptContent, "json"], maxMessageBytes });
}

/** `expiresAt`: epoch ms, for who looks at it; 0 = never. Throws PUBLISH_ENCODE. */
export function writeRequest(request: ControlRequest, expiresAt: number): Envelope {
  const { method, destination, pattern, matcher, clock, replyTo } = request;
  const body = { method, arguments: request.arguments, destination, pattern, matcher };
  const answer =
    replyTo === null ? {} : { ticket: replyTo.ticket, reply_to: { exchange: replyTo.exchange, routing_key: replyTo.routingKey } };
  return envelopeOf({ ...body, ...answer }, { clock, expires: expiresAt / 1_000 }, 2);
}

/** Throws CONTENT_REFUSED, MESSAGE_*; null for what is no command. */
export function readRequest(envelope: Envelope, rules: ContentRules): ControlRequest | null {
  const body = bodyOf(envelope, rules);
  if (!isRecord(body) || typeof body["method"] !== "string") return null;
  const { method, destination, pattern, matcher } = body;
  return {
    method,
    arguments: isRecord(body["arguments"]) ? body["arguments"] : {},
    destination: Array.isArray(destination) ? destination.map(String) : typeof destination === "string" ? [destination] : null,
    pattern: typeof pattern === "string" ? pattern : null,
    matcher: matcher === "pcre" ? "pcre" : typeof pattern === "string" ? "glob" : null,
    clock: clockOf(envelope),
    replyTo: replyToOf(body),
  };
}

function replyToOf({ reply_to: replyTo, ticket }: Readonly<Record<string, unknown>>): ReplyTo | null {
  if (!isRecord(replyTo)) return null;
  const { exchange, routing_key: routingKey } = replyTo;
  if (typeof exchange !== "string" || typeof routingKey !== "string") return null;
  return { exchange, routingKey, ticket: typeof ticket === "string" ? ticket : "" };
}

/** Throws PUBLISH_ENCODE for a value that cannot travel. */
export function writeReply({ hostname, value }: ControlReply, ticket: string, clock: number): Envelope {
  return envelopeOf({ [hostname]: value }, { ticket, clock }, 1);
}

/** Those of a message that answers the ticket: one, but Python sends a mapping. Throws CONTENT_REFUSED, MESSAGE_*. */
export function readReplies(envelope: Envelope, ticket: string, rules: ContentRules): readonly ControlReply[] {
  if (envelope.headers["ticket"] !== ticket) return [];
  const body = bodyOf(envelope, rules);
  return isRecord(body) ? Object.entries(body).map(([hostname, value]) => ({ hostname, value })) : [];
}

/** 0 where there is none. */
export function clockOf({ headers }: Envelope): number {
  return typeof headers["clock"] === "number" ? headers["clock"] : 0;
}

function bodyOf({ body, headers, properties }: Envelope, rules: ContentRules): unknown {
  return decodeContent({ body, headers, contentType: properties.contentType }, rules).value;
}

function envelopeOf(content: unknown, headers: Readonly<Record<string, unknown>>, deliveryMode: 1 | 2): Envelope {
  checkEncodable(content, "body", serializers.json.format);
  return liveEnvelope(serializers.json, serializers.json.write(plainForm(content)), headers, deliveryMode);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
