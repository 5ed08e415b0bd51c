/** A call ready to be sent, and its envelope in Celery's protocol 2: headers in Celery's order, body `[args, kwargs, embed]`. Stands above the brokers, which know envelopes only. */
import { attemptNumber } from "./attempt.ts";
import { readSignature } from "./canvas/read-signature.ts";
import { toIsoInstant } from "./clock.ts";
import { type Compressed, type CompressionName, compress } from "./compression.ts";
import { type ContentRules, decodeContent, encodeParts, type RawContent, serializers } from "./content.ts";
import { deliveryTag } from "./derived-id.ts";
import type { Envelope } from "./envelope.ts";
import { CeleriacError, PublishError } from "./errors.ts";
import { reprArgs, reprKwargs } from "./repr.ts";
import type { SerializerName } from "./serializer.ts";
import { checkHeaders, encodeJson } from "./serializers/json.ts";
import type { SignatureJson } from "./step.ts";
import type { TaskHeaders } from "./task-headers.ts";

/** What a message carries for after its run; `chain` is reversed: the next step is the last element. */
export interface Embed {
  readonly callbacks: readonly SignatureJson[] | null;
  readonly errbacks: readonly SignatureJson[] | null;
  readonly chain: readonly SignatureJson[] | null;
  readonly chord: SignatureJson | null;
}

export const emptyEmbed: Embed = Object.freeze({ callbacks: null, errbacks: null, chain: null, chord: null });

/** What its headers say, and what else it carries. */
export interface Message extends Omit<TaskHeaders, "argsRepr" | "kwargsRepr" | "ignoreResult"> {
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly embed: Embed;
  readonly ignoreResult: boolean;
  readonly replyTo: string | null;
  readonly priority: number | null;
  readonly serializer: SerializerName;
  readonly compression: CompressionName | null;
  /** shown for the arguments; null: what Python would show */
  readonly argsRepr: string | null;
  readonly kwargsRepr: string | null;
  /** 1 = may be lost when the broker restarts, 2 = persistent */
  readonly deliveryMode: 1 | 2;
  /** ms from now until RabbitMQ drops it; null: when it expires */
  readonly expirationMs: number | null;
  /** custom headers, merged flat over the others as Celery does */
  readonly headers: Readonly<Record<string, unknown>>;
}

const emptyEmbedJson = '{"callbacks": null, "errbacks": null, "chain": null, "chord": null}';

const nothing = Object.freeze({});

/** `nowMs` only serves to turn `expiresAt` into AMQP's relative expiration. Throws PUBLISH_ENCODE for arguments that cannot travel and bodies above `maxBytes`. */
export function encodeMessage(message: Message, nowMs: number, maxBytes: number): Envelope {
  const body = encodeBody(message);
  if (body.byteLength > maxBytes) {
    throw new PublishError(
      "PUBLISH_ENCODE",
      `Message of task ${message.task} is ${body.byteLength} bytes, more than maxMessageBytes (${maxBytes}): send a reference to large data`,
    );
  }
  return envelopeOf(message, nowMs, compress(body, message.compression));
}

/** The envelope of a message whose body is written already by `message.serializer`, arguments and all. `nowMs` as above. Throws PUBLISH_ENCODE for headers. */
export function envelopeOf(message: Message, nowMs: number, { body, compression }: Compressed): Envelope {
  for (const _ in message.headers) {
    checkHeaders(message.headers);
    break;
  }
  if (message.stamps !== null) checkHeaders(message.stamps);
  const { id, task } = message;
  const { contentType, contentEncoding } = serializers[message.serializer];
  const headers = {
    lang: "js",
    task,
    id,
    shadow: message.shadow,
    eta: message.etaAt === null ? null : toIsoInstant(message.etaAt),
    expires: message.expiresAt === null ? null : toIsoInstant(message.expiresAt),
    group: message.group,
    group_index: message.groupIndex,
    retries: message.retries,
    timelimit: [message.timeLimit, message.softTimeLimit],
    root_id: message.rootId,
    parent_id: message.parentId,
    argsrepr: message.argsRepr ?? reprArgs(message.args),
    kwargsrepr: message.kwargsRepr ?? reprKwargs(message.kwargs),
    origin: message.origin,
    ignore_result: message.ignoreResult,
    ...(message.nesting === 0 ? nothing : { replaced_task_nesting: message.nesting }),
    ...(message.stamps === null ? nothing : { stamped_headers: Object.keys(message.stamps), stamps: message.stamps }),
    ...message.headers,
  };
  return {
    headers: compression === null ? headers : { ...headers, compression },
    properties: {
      contentType,
      contentEncoding,
      correlationId: id,
      replyTo: message.replyTo,
      deliveryMode: message.deliveryMode,
      priority: message.priority,
      expiration: expirationText(message, nowMs),
      deliveryTag: deliveryTag(id, attemptNumber(message)),
    },
    body,
  };
}

function expirationText({ expirationMs, expiresAt }: Message, nowMs: number): string | null {
  if (expirationMs === null && expiresAt === null) return null;
  return String(Math.max(0, Math.round(expirationMs ?? expiresAt! - nowMs)));
}

function encodeBody(message: Message): Uint8Array {
  if (message.serializer !== "json") {
    const { args, kwargs, embed } = message;
    return encodeParts({ args, kwargs, embed }, serializers[message.serializer]);
  }
  const args = encodeJson(message.args, "args");
  const kwargs = encodeJson(message.kwargs, "kwargs");
  const embed = message.embed === emptyEmbed ? emptyEmbedJson : encodeJson(message.embed, "embed");
  return Buffer.from(`[${args}, ${kwargs}, ${embed}]`);
}

/** A decoded body. */
export interface Body {
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly embed: Embed;
}

/** Throws MESSAGE_UNDECODABLE for anything but `[args, kwargs, embed]`, and what `decodeContent` throws. */
export function decodeBody(raw: RawContent, rules: ContentRules): Body {
  const { value, meant } = decodeContent(raw, rules);
  const body = isRecord(value) && "args" in value ? hybridBody(value) : value;
  if (!Array.isArray(body) || body.length !== 3) {
    throw new CeleriacError(
      "MESSAGE_UNDECODABLE",
      `Body must be [args, kwargs, embed], got ${Array.isArray(body) ? `${body.length} elements` : typeof body}`,
    );
  }
  const [args, kwargs, embed] = body as [unknown, unknown, unknown];
  if (!Array.isArray(args)) throw new CeleriacError("MESSAGE_UNDECODABLE", "args must be a list");
  if (!isRecord(kwargs)) throw new CeleriacError("MESSAGE_UNDECODABLE", "kwargs must be an object");
  if (meant !== null) {
    meant(args);
    for (const name in kwargs) kwargs[name] = meant(kwargs[name]);
  }
  // Signatures keep their typed values: whoever they are sent to gets them as they came.
  return { args, kwargs, embed: isRecord(embed) ? readEmbed(embed) : emptyEmbed };
}

/** A body of protocol 1 under headers of protocol 2, which Celery reads as well. */
function hybridBody({ args, kwargs = {}, callbacks, errbacks, chain, chord }: Readonly<Record<string, unknown>>): readonly unknown[] {
  return [args, kwargs, { callbacks, errbacks, chain, chord }];
}

/** Looked at before the task runs: what cannot follow it must not be found out when it has run. */
function readEmbed(embed: Readonly<Record<string, unknown>>): Embed {
  const { callbacks = null, errbacks = null, chain = null, chord = null } = embed;
  if (callbacks === null && errbacks === null && chain === null && chord === null) return emptyEmbed;
  for (const [name, list] of Object.entries({ callbacks, errbacks, chain })) {
    if (list === null) continue;
    if (!Array.isArray(list)) throw new CeleriacError("MESSAGE_UNDECODABLE", `embed.${name} must be a list of signatures`);
    list.forEach((signature, index) => {
      readSignature(signature, `embed.${name}[${index}]`, undecodable);
    });
  }
  if (chord !== null) readSignature(chord, "embed.chord", undecodable);
  return { ...embed, callbacks, errbacks, chain, chord } as Embed;
}

const undecodable = (what: string) => new CeleriacError("MESSAGE_UNDECODABLE", what);

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
