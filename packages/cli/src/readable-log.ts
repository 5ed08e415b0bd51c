/** Turns the log's lines of JSON into lines for a person at a terminal: time, level, message, and the fields in few words. */
import type { Colors } from "./output.ts";

export interface ReadableLook {
  readonly colors: Colors;
  /** asked for at each line: a terminal changes its width */
  readonly columns: () => number;
}

type Fields = Readonly<Record<string, unknown>>;

/** Fields that the layout shows in places of their own, or that say on a terminal what it says already. */
const placed = new Set(["level", "time", "msg", "task", "taskId", "taskIds", "name", "worker", "stream", "runtime"]);
/** Fields of several lines, shown below. */
const blocks = new Set(["stack", "traceback", "error"]);
/** Below this width an id is cut to its first part, so that a line stays one. */
const fullIdColumns = 110;

/** One line of the log, with its end. A line that is no JSON object is given back as it is. */
export function readableLine(line: string, { colors, columns }: ReadableLook): string {
  const fields = parse(line);
  if (fields === null) return line;
  const level = String(fields["level"]);
  const head = [colors.dim(clockTime(fields["time"])), paintLevel(level, colors), message(fields, colors)];
  const task = text(fields["task"]);
  const id = text(fields["taskId"]);
  const tail = [
    ...(task === null ? [] : [colors.cyan(task)]),
    ...(typeof fields["runtime"] === "number" ? [colors.dim(seconds(fields["runtime"]))] : []),
    ...Object.entries(fields)
      .filter(([name, value]) => !placed.has(name) && !blocks.has(name) && saysSomething(name, value))
      .map(([name, value]) => `${colors.dim(`${name}=`)}${plain(value)}`),
    ...(id === null ? [] : [colors.dim(columns() < fullIdColumns ? id.slice(0, 8) : id)]),
  ];
  const below = [...blocks].flatMap((name) => blockLines(fields[name])).map((row) => `  ${colors.dim(row)}`);
  return `${[[...head, ...tail].join("  "), ...below].join("\n")}\n`;
}

function parse(line: string): Fields | null {
  try {
    const fields: unknown = JSON.parse(line);
    return typeof fields === "object" && fields !== null ? (fields as Fields) : null;
  } catch {
    return null;
  }
}

function clockTime(time: unknown): string {
  const at = new Date(String(time));
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}

function paintLevel(level: string, colors: Colors): string {
  const paint = { debug: colors.dim, warn: colors.yellow, error: colors.red }[level] ?? colors.green;
  return paint(level.padEnd(5));
}

/** What a task printed is its own; events of tasks and workers stand in a column of their own. */
function message(fields: Fields, colors: Colors): string {
  const written = String(fields["msg"]);
  if (fields["stream"] !== undefined) return `${colors.dim("│")} ${written}`;
  return /^(task|worker)-/.test(written) ? written.padEnd(14) : written;
}

/** 0 attempts, 0 retries and nothing at all are not worth a word. */
function saysSomething(name: string, value: unknown): boolean {
  if (name === "attempt" || name === "retries") return value !== 0;
  return value !== null && value !== undefined;
}

function plain(value: unknown): string {
  if (Array.isArray(value) && value.every((entry) => typeof entry === "string")) return value.join(",");
  if (typeof value === "object") return JSON.stringify(value);
  const written = String(value);
  return /^[^\s"]*$/.test(written) ? written : JSON.stringify(written);
}

function seconds(value: number): string {
  return `${value < 10 ? value.toFixed(3) : value.toFixed(1)} s`;
}

function blockLines(value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  const { stack, message: said } = (typeof value === "object" ? value : {}) as { stack?: unknown; message?: unknown };
  const written = text(stack) ?? text(said) ?? (typeof value === "string" ? value : JSON.stringify(value));
  return written.trimEnd().split("\n");
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
