/** What workers answer to remote control, as people read it. */
import type { ControlReply } from "@celeriac/core/runtime";
import type { Output } from "./output.ts";
import { type Column, table } from "./table.ts";

interface TaskFacts {
  readonly id: string;
  readonly name: string;
  readonly args: unknown;
  readonly kwargs: unknown;
  readonly time_start: number | null;
  readonly worker_pid: number | null;
}

const taskColumns: readonly Column[] = [{ title: "ID" }, { title: "TASK" }, { title: "SINCE" }, { title: "PID" }, { title: "ARGUMENTS" }];
const indent = "  ";

/** Of one worker: its name, and below it the answer. Works with what Python's workers answer as well. */
export function shownReply(command: string, { hostname, value }: ControlReply, output: Output): string {
  const { colors } = output;
  const { ok, error } = isRecord(value) ? value : {};
  if (error !== undefined) return `${colors.bold(safe(hostname))} ${colors.red("error")} ${safe(text(error))}`;
  const short = ok === undefined && !isEmpty(value) ? null : isRecord(value) && typeof ok === "string" ? ok : colors.dim("nothing");
  if (short !== null && !short.includes("\n"))
    return `${colors.bold(safe(hostname))} ${ok === undefined ? short : colors.green(safe(short))}`;
  const body = ok === undefined ? bodyOf(command, value, output) : text(ok);
  return `${colors.bold(safe(hostname))}\n${indented(body)}`;
}

function bodyOf(command: string, value: unknown, output: Output): string {
  if ((command === "active" || command === "reserved") && Array.isArray(value) && value.every(isTask)) return taskTable(value, output);
  if (Array.isArray(value) && value.every((each) => typeof each !== "object")) return value.map((each) => text(each)).join("\n");
  return text(value);
}

function taskTable(tasks: readonly TaskFacts[], output: Output): string {
  const rows = tasks.map(({ id, name, args, kwargs, time_start: start, worker_pid: pid }) => [
    safe(id),
    safe(name),
    start === null ? output.colors.dim("-") : safe(new Date(start * 1_000).toISOString()),
    pid === null ? output.colors.dim("-") : String(pid),
    safe(
      [args, kwargs]
        .filter((part) => !isEmpty(part))
        .map(oneLine)
        .join(" "),
    ),
  ]);
  return table(taskColumns, rows, { ...output, columns: Math.max(40, output.columns - indent.length) });
}

function isTask(value: unknown): value is TaskFacts {
  return isRecord(value) && typeof value["id"] === "string" && typeof value["name"] === "string";
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === "{}" || value === "()") return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

function oneLine(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function indented(body: string): string {
  return body
    .split("\n")
    .map((line) => `${indent}${safe(line)}`)
    .join("\n");
}

/** Without what would steer a terminal, but for the colours we put in: an answer may be anybody's. */
function safe(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what steers a terminal
  return line.replace(/[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f]|\u001b(?!\[[0-9;]*m)/g, "\ufffd");
}
