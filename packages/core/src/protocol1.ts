/**
 * Messages of Celery's protocol 1 (`task_protocol = 1`), whose body holds what the headers hold in protocol 2: turned into the same message of
 * protocol 2. It is the one body that is decoded before an executor has it, since nothing can be decided about the task without it.
 */
import { type ContentRules, decodeContent, serializerOf } from "./content.ts";
import type { Envelope } from "./envelope.ts";
import { CeleriacError } from "./errors.ts";
import { reprArgs, reprKwargs } from "./repr.ts";
import { guarded, plainForm } from "./serializers/encodable.ts";

/** `envelope` itself where it is of protocol 2, which its header `task` tells. Throws MESSAGE_UNDECODABLE, and what `decodeContent` throws. */
export function inProtocol2(envelope: Envelope, rules: ContentRules): Envelope {
  return envelope.headers["task"] === undefined ? translated(envelope, rules) : envelope;
}

function translated({ headers, properties, body }: Envelope, rules: ContentRules): Envelope {
  const { contentType } = properties;
  const { value } = decodeContent({ body, contentType, headers }, rules);
  if (!isRecord(value) || typeof value["task"] !== "string") throw undecodable("header and body name no task");
  const { args = [], kwargs = {}, callbacks = null, errbacks = null, chord = null } = value;
  if (!Array.isArray(args)) throw undecodable("args must be a list");
  if (!isRecord(kwargs)) throw undecodable("kwargs must be an object");
  return {
    properties,
    headers: { ...headers, ...headersOf(value), argsrepr: reprArgs(args), kwargsrepr: reprKwargs(kwargs), compression: null },
    body: written([args, kwargs, { callbacks, errbacks, chain: null, chord }], contentType),
  };
}

/** Members of the body that are headers in protocol 2, under the same names. */
const sameNames = ["task", "id", "eta", "expires", "group_index", "retries", "timelimit"] as const;

function headersOf(message: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const headers: Record<string, unknown> = { lang: "py" };
  for (const name of sameNames) headers[name] = message[name];
  return { ...headers, group: message["taskset"] ?? message["group"] ?? null, root_id: message["id"], parent_id: null };
}

/** Values are as the message had them, typed values and all, and go back as they came. */
function written(value: unknown, contentType: string): Uint8Array {
  const serializer = serializerOf(contentType)!;
  try {
    return guarded("the body", serializer.format, () => serializer.write(plainForm(value)));
  } catch (cause) {
    throw new CeleriacError("MESSAGE_UNDECODABLE", "The body of a message of protocol 1 is nested too deep", { cause });
  }
}

function undecodable(what: string): CeleriacError {
  return new CeleriacError("MESSAGE_UNDECODABLE", `Not a task message: ${what}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
