/** Reads the headers of a task message (protocol 2), whoever wrote it: missing members get Celery's defaults, wrong ones are MESSAGE_UNDECODABLE. */
import type { Attempt } from "./attempt.ts";
import { parseInstant } from "./clock.ts";
import type { Envelope } from "./envelope.ts";
import { CeleriacError } from "./errors.ts";

export interface TaskHeaders extends Attempt {
  readonly id: string;
  readonly task: string;
  readonly shadow: string | null;
  /** epoch ms */
  readonly etaAt: number | null;
  /** epoch ms */
  readonly expiresAt: number | null;
  readonly group: string | null;
  readonly groupIndex: number | null;
  /** seconds, as on the wire */
  readonly timeLimit: number | null;
  readonly softTimeLimit: number | null;
  readonly rootId: string;
  readonly parentId: string | null;
  readonly argsRepr: string;
  readonly kwargsRepr: string;
  /** `gen<pid>@<host>` */
  readonly origin: string;
  readonly ignoreResult: boolean | null;
  /** stamp → its values; null: unstamped */
  readonly stamps: Readonly<Record<string, readonly unknown[]>> | null;
}

/** Header names that are Celery's own, and one that would not be set but obeyed: everything else is custom and travels on with a retry. */
const ownNames: ReadonlySet<string> = new Set(
  "lang task id shadow eta expires group group_index retries timelimit root_id parent_id argsrepr kwargsrepr origin ignore_result replaced_task_nesting stamped_headers stamps redelivered compression __proto__".split(
    " ",
  ),
);

/** Throws MESSAGE_UNDECODABLE where task or id is missing or a date is none. */
export function readTaskHeaders(envelope: Pick<Envelope, "headers">): TaskHeaders {
  const { headers } = envelope;
  const id = text(headers["id"]);
  const task = text(headers["task"]);
  if (task === null || id === null)
    throw new CeleriacError("MESSAGE_UNDECODABLE", "Not a task message: headers `task` and `id` must be texts");
  const limits = Array.isArray(headers["timelimit"]) ? headers["timelimit"] : [];
  return {
    id,
    task,
    shadow: text(headers["shadow"]),
    etaAt: instant(headers["eta"], "eta"),
    expiresAt: instant(headers["expires"], "expires"),
    group: text(headers["group"]),
    groupIndex: count(headers["group_index"]),
    retries: count(headers["retries"]) ?? 0,
    nesting: count(headers["replaced_task_nesting"]) ?? 0,
    timeLimit: positive(limits[0]),
    softTimeLimit: positive(limits[1]),
    rootId: text(headers["root_id"]) ?? id,
    parentId: text(headers["parent_id"]),
    argsRepr: text(headers["argsrepr"]) ?? "",
    kwargsRepr: text(headers["kwargsrepr"]) ?? "",
    origin: text(headers["origin"]) ?? "",
    ignoreResult: typeof headers["ignore_result"] === "boolean" ? headers["ignore_result"] : null,
    stamps: readStamps(headers["stamped_headers"], headers["stamps"]),
  };
}

/** The headers that the caller or a middleware added. */
export function customHeaders(headers: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const custom: Record<string, unknown> = {};
  for (const name in headers) {
    if (!ownNames.has(name) && !name.startsWith("x-celeriac-") && !name.startsWith("x-death")) custom[name] = headers[name];
  }
  return custom;
}

/** As Celery from 5.3 on writes them: the names, and under each its value or a list of them. null where nothing is stamped. */
export function readStamps(names: unknown, values: unknown): Readonly<Record<string, readonly unknown[]>> | null {
  if (!Array.isArray(names) || names.length === 0 || typeof values !== "object" || values === null) return null;
  const known = names.filter((name): name is string => typeof name === "string" && Object.hasOwn(values, name));
  // __proto__ would not be set but obeyed.
  return Object.fromEntries(known.map((name) => [name, stampValues((values as Record<string, unknown>)[name])]));
}

export function stampValues(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function count(value: unknown): number | null {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : null;
}

function positive(value: unknown): number | null {
  return typeof value === "number" && value > 0 ? value : null;
}

function instant(value: unknown, name: string): number | null {
  if (value === null || value === undefined) return null;
  const at = typeof value === "string" ? parseInstant(value) : null;
  if (at === null) throw new CeleriacError("MESSAGE_UNDECODABLE", `Header ${name} is no ISO-8601 date: ${JSON.stringify(value)}`);
  return at;
}
