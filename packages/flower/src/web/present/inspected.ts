/** Reads what a worker answers to `inspect`: its form is the worker's own, so nothing in it is taken for granted. Pure. */

export type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** One line of text; null: there is nothing. */
export function textOf(value: unknown): string | null {
  if (value === null || value === undefined || value === "") return null;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

export function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** As a table of names and texts; what is nothing is left out. */
export function pairsOf(fields: Fields): readonly (readonly [string, string])[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    const text = textOf(value);
    return text === null ? [] : [[name, text] as const];
  });
}

/** What a worker of either language says of its pool, in words. */
export function poolFacts(pool: Fields): readonly (readonly [string, string])[] {
  return Object.entries(pool).flatMap(([name, value]) => {
    const text = poolFact(name, value);
    return text === null ? [] : [[worded(name), text] as const];
  });
}

function poolFact(name: string, value: unknown): string | null {
  switch (name) {
    case "processes":
      return Array.isArray(value) ? [...new Set(value.map(String))].join(", ") : textOf(value);
    case "max-tasks-per-child":
      return value === null || value === "N/A" ? "no limit" : textOf(value);
    case "timeouts":
      return Array.isArray(value) ? timeouts(value) : textOf(value);
    case "writes": {
      const { total, raw } = fieldsOf(value);
      return total === undefined ? textOf(value) : `${textOf(total)}${textOf(raw) === null ? "" : ` (${textOf(raw)})`}`;
    }
    default:
      return typeof value === "boolean" ? (value ? "yes" : "no") : textOf(value);
  }
}

/** Celery's pair: soft, hard; 0 is none. */
function timeouts([soft, hard]: readonly unknown[]): string {
  const of = (kind: string, seconds: unknown) => (Number(seconds) > 0 ? [`${kind} ${String(seconds)} s`] : []);
  return [...of("soft", soft), ...of("hard", hard)].join(", ") || "none";
}

/** "max-tasks-per-child" → "Max tasks per child" */
export function worded(name: string): string {
  const text = name.replaceAll(/[-_]/g, " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export interface InspectedTask {
  readonly id: string;
  readonly name: string | null;
  readonly args: string | null;
  readonly kwargs: string | null;
  /** epoch seconds */
  readonly startedAt: number | null;
  readonly pid: number | null;
  readonly acknowledged: boolean | null;
  /** ISO 8601 */
  readonly eta: string | null;
}

/** A task that runs or is reserved; a scheduled one stands inside `request`. */
export function inspectedTask(value: Fields): InspectedTask {
  const request = "request" in value ? fieldsOf(value["request"]) : value;
  const acknowledged = request["acknowledged"];
  return {
    id: textOf(request["id"]) ?? "",
    name: textOf(request["name"] ?? request["type"]),
    args: textOf(request["args"]),
    kwargs: textOf(request["kwargs"]),
    startedAt: numberOf(request["time_start"]),
    pid: numberOf(request["worker_pid"]),
    acknowledged: typeof acknowledged === "boolean" ? acknowledged : null,
    eta: textOf(value["eta"]),
  };
}

export interface InspectedQueue {
  readonly name: string;
  readonly exchange: string | null;
  readonly routingKey: string | null;
  readonly flags: readonly string[];
}

const queueFlags = [
  ["durable", "durable"],
  ["exclusive", "exclusive"],
  ["auto_delete", "auto-delete"],
  ["no_ack", "no ack"],
] as const;

export function inspectedQueue(value: Fields): InspectedQueue {
  const exchange = fieldsOf(value["exchange"]);
  const kind = textOf(exchange["type"]);
  const called = textOf(exchange["name"]);
  return {
    name: textOf(value["name"]) ?? "",
    exchange: called === null ? null : kind === null ? called : `${called} (${kind})`,
    routingKey: textOf(value["routing_key"]),
    flags: queueFlags.filter(([field]) => value[field] === true).map(([, word]) => word),
  };
}

export interface RegisteredTask {
  readonly name: string;
  /** what the worker told of it: "rate_limit=10/m" */
  readonly facts: Readonly<Record<string, string>>;
}

/** "tasks.add [rate_limit=10/m time_limit=30]" → its name, and what stands in the brackets */
export function registeredTask(line: string): RegisteredTask {
  const found = /^(.*?) \[(.*)\]$/s.exec(line);
  if (found === null) return { name: line, facts: {} };
  const facts = found[2]!.split(" ").flatMap((word) => {
    const at = word.indexOf("=");
    return at < 1 ? [] : [[word.slice(0, at), word.slice(at + 1)] as const];
  });
  return { name: found[1]!, facts: Object.fromEntries(facts) };
}
