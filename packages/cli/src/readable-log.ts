/** Turns the log's lines of JSON into lines for a person at a terminal: time, level, event, task, and the other fields in few words. */
import type { Colors } from "./output.ts";
import { fold, type Part } from "./text.ts";

export interface ReadableLook {
  readonly colors: Colors;
  /** asked for at each line: a terminal changes its width */
  readonly columns: () => number;
}

type Fields = Readonly<Record<string, unknown>>;

/** Fields that the layout shows in places of their own, or that say on a terminal what it says already. */
const placed = new Set([
  "level",
  "time",
  "msg",
  "task",
  "taskId",
  "taskIds",
  "name",
  "worker",
  "runtime",
  "exception",
  "stack",
  "traceback",
  "error",
]);
/** Fields of several lines, shown below. */
const blocks = ["stack", "traceback", "error"];
/** Below this width an id is cut to its first part, so that a line stays one. */
const fullIdColumns = 120;
const eventWidth = 14;
/** Where the event stands, and what goes on below it. */
const indent = 17;

/** One line of the log, with its end. A line that is no JSON object is given back as it is. */
export function readableLine(line: string, { colors, columns }: ReadableLook): string {
  const fields = parse(line);
  if (fields === null) return line;
  const width = columns();
  const said = String(fields["msg"]);
  const head = [plain(clockTime(fields["time"]), colors.dim), plain(String(fields["level"]).padEnd(5), levelPaint(fields, colors))];
  const task = taskParts(fields, width, colors);
  // What was printed is left as it is: it may be a table, or have colours of its own.
  if (typeof fields["stream"] === "string") {
    const stream = plain(fields["stream"].padEnd(eventWidth), colors.dim);
    return `${[...head, stream, ...task, plain(said)].map(({ text, paint }) => paint(text)).join("  ")}\n`;
  }
  const isEvent = /^(task|worker|beat)-/.test(said);
  const parts = [...head, ...(isEvent ? [plain(said.padEnd(eventWidth)), ...task] : saidParts(said, task)), ...otherParts(fields, colors)];
  const below = blocks.flatMap((name) => blockLines(fields[name])).map((row) => `${" ".repeat(indent)}${colors.dim(row)}`);
  return `${[fold(parts, width, indent), ...below].join("\n")}\n`;
}

/** A message about a task stands behind it, so that the tasks stand in one column. */
function saidParts(said: string, task: readonly Part[]): readonly Part[] {
  return task.length === 0 ? [plain(said)] : [plain(" ".repeat(eventWidth)), ...task, plain(said)];
}

function taskParts(fields: Fields, width: number, colors: Colors): readonly Part[] {
  const { taskId: id, task, runtime } = fields;
  return [
    ...(typeof id === "string" ? [plain(width < fullIdColumns ? id.slice(0, 8) : id, colors.dim)] : []),
    ...(typeof task === "string" ? [plain(task, colors.cyan)] : []),
    ...(typeof runtime === "number" ? [plain(runTime(runtime))] : []),
  ];
}

/** An exception that has a traceback is the first line of it. */
function otherParts(fields: Fields, colors: Colors): readonly Part[] {
  const { exception, traceback } = fields;
  const paintName = (text: string) => text.replace(/^\w+=/, (name) => colors.dim(name));
  return [
    ...Object.entries(fields)
      .filter(([name, value]) => !placed.has(name) && saysSomething(name, value))
      .map(([name, value]) => plain(`${name}=${valueText(value)}`, paintName)),
    ...(typeof exception === "string" && typeof traceback !== "string" ? [plain(exception, colors.red)] : []),
  ];
}

function plain(text: string, paint: Part["paint"] = String): Part {
  return { text, paint };
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

function levelPaint({ level }: Fields, colors: Colors): Part["paint"] {
  return { debug: colors.dim, warn: colors.yellow, error: colors.red }[String(level)] ?? colors.green;
}

/** 0 attempts, 0 retries and nothing at all are not worth a word. */
function saysSomething(name: string, value: unknown): boolean {
  if (name === "attempt" || name === "retries") return value !== 0;
  return value !== null && value !== undefined;
}

function valueText(value: unknown): string {
  if (Array.isArray(value) && value.every((entry) => typeof entry === "string")) return value.join(",");
  if (typeof value === "object") return JSON.stringify(value);
  const written = String(value);
  return /^[^\s"]*$/.test(written) ? written : JSON.stringify(written);
}

function runTime(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1_000)} ms`;
  return `${seconds < 10 ? seconds.toFixed(2) : seconds.toFixed(1)} s`;
}

function blockLines(value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  const { stack, message } = (typeof value === "object" ? value : {}) as { stack?: unknown; message?: unknown };
  const written = [stack, message, value].find((text) => typeof text === "string" && text !== "") ?? JSON.stringify(value);
  return withoutOurs(String(written).trimEnd().split("\n"));
}

/** A stack ends with the frames that called the task, which tell its author nothing. */
function withoutOurs(lines: readonly string[]): readonly string[] {
  const isOurs = (line: string) => /^\s+at .*(?:node:|\/@celeriac\/|\/packages\/(?:core|worker)\/)/.test(line);
  const end = lines.findLastIndex((line) => !isOurs(line)) + 1;
  return lines.slice(0, Math.max(1, end));
}
