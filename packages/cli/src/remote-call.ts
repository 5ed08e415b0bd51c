/** What `inspect`, `control` and `status` share: find the command, read its arguments, ask the workers, show their answers. */
import {
  type AppRuntime,
  askWorkers,
  CeleriacError,
  type ControlReply,
  callOf,
  durationMs,
  nearest,
  partsOf,
  type RemoteCommandRow,
  readRemoteArguments,
  remoteCommandOf,
  remoteCommands,
  tellWorkers,
} from "@celeriac/core/runtime";
import { withBroker } from "./broker-access.ts";
import type { CommandArguments } from "./command-table.ts";
import { exitCode } from "./exit-code.ts";
import type { Output } from "./output.ts";
import { shownReply } from "./remote-reply.ts";
import { table } from "./table.ts";
import { counted } from "./text.ts";

type Kind = RemoteCommandRow["kind"];
type Rows = Readonly<Record<string, RemoteCommandRow>>;

/** Resolves with the exit code. Throws COMMAND_USAGE, CONTROL_*, BROKER_*, PUBLISH_*, CONFIG_*, APP_NOT_FOUND. */
export async function remoteCall(kind: Kind, args: CommandArguments<"inspect">, output: Output): Promise<number> {
  const { command, args: words } = args.positionals;
  if (args.options.list) return await list(kind, args, output);
  if (command === null) throw new CeleriacError("COMMAND_USAGE", `${kind} needs a command: --list shows them all`);
  return await withBroker(args.common, async ({ runtime }) => {
    await runtime.loadIncludes();
    const name = remoteCommandOf(command) ?? command;
    const row = rowsOf(runtime)[name] ?? null;
    if ((row === null && !args.options.any) || (row !== null && row.kind !== kind)) throw unknownCommand(kind, command, row, runtime);
    const call = callOf(name, argumentsOf(name, row, words), audienceOf(args.options));
    const parts = await partsOf(runtime);
    if (row?.answers === false) {
      await tellWorkers(parts, call);
      output.remark("Sent. This command is not answered.");
      return exitCode.done;
    }
    const timeoutMs = durationMs(args.options.timeout, "timeout");
    const replies = await askWorkers(parts, call, { timeoutMs, limit: null });
    return show(name, replies, output);
  });
}

/** In order of their names; 69, as Celery's command ends, where nobody answered. */
export function show(command: string, replies: readonly ControlReply[], output: Output): number {
  const sorted = [...replies].sort((a, b) => (a.hostname < b.hostname ? -1 : 1));
  if (output.json) output.result("", Object.fromEntries(sorted.map(({ hostname, value }) => [hostname, value])));
  else for (const reply of sorted) output.print(shownReply(command, reply, output));
  if (sorted.length === 0) {
    output.remark("No worker answered. Is one running, on this broker, with remote control? -t waits longer.");
    return exitCode.unavailable;
  }
  output.remark(`${counted(sorted.length, "worker")} answered.`);
  return sorted.some(({ value }) => isRefusal(value)) ? exitCode.failed : exitCode.done;
}

function isRefusal(value: unknown): boolean {
  return typeof value === "object" && value !== null && "error" in value;
}

export function audienceOf({ destination, pattern }: CommandArguments<"inspect">["options"]) {
  return { ...(destination.length === 0 ? {} : { destination }), ...(pattern === null ? {} : { pattern }) };
}

/** Celery's and the app's own. */
function rowsOf({ commands }: AppRuntime): Rows {
  return { ...Object.fromEntries([...commands].map(([name, { row }]) => [name, row])), ...remoteCommands };
}

function unknownCommand(kind: Kind, name: string, row: RemoteCommandRow | null, runtime: AppRuntime): CeleriacError {
  if (row !== null) return new CeleriacError("CONTROL_UNKNOWN", `${name} is no command of ${kind}: it is one of celeriac ${row.kind}`);
  const own = Object.entries(rowsOf(runtime)).filter(([, each]) => each.kind === kind);
  const near = nearest(
    name,
    own.map(([each]) => each),
  );
  const hint = near === null ? "--any sends it all the same" : `did you mean ${near}?`;
  return new CeleriacError("CONTROL_UNKNOWN", `${kind} has no command ${JSON.stringify(name)}: ${hint}`);
}

const assignment = /^([a-z_][a-z0-9_]*)=(.*)$/is;

/** Words by their place, the last argument taking all that are left where it is a list; NAME=VALUE by their name. */
export function argumentsOf(command: string, row: RemoteCommandRow | null, words: readonly string[]): object {
  const rows = row?.args ?? {};
  const given: Record<string, unknown> = {};
  const placed: string[] = [];
  for (const word of words) {
    const [, name, value] = assignment.exec(word) ?? [];
    if (name !== undefined && (row === null || Object.hasOwn(rows, name)))
      given[name] = row === null ? jsonOr(value!) : read(rows[name]!.kind, value!);
    else placed.push(word);
  }
  for (const [name, { kind }] of Object.entries(rows)) {
    if (Object.hasOwn(given, name) || placed.length === 0) continue;
    given[name] = isList(kind) ? placed.splice(0) : read(kind, placed.shift()!);
  }
  if (placed.length > 0) throw new CeleriacError("COMMAND_USAGE", `${command} takes no argument ${JSON.stringify(placed[0])}`);
  return row === null ? given : withoutNull(readRemoteArguments(command, rows, given));
}

function isList(kind: string): boolean {
  return kind === "texts" || kind === "names" || kind === "stamps";
}

function read(kind: string, word: string): unknown {
  if (kind === "record") return jsonOr(word);
  return isList(kind) ? word.split(",") : word;
}

function jsonOr(word: string): unknown {
  try {
    return JSON.parse(word);
  } catch {
    return word;
  }
}

/** A Python worker's command has defaults of its own. */
function withoutNull(args: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(args).filter(([, value]) => value !== null));
}

/** Of the app too, where one is found. */
async function list(kind: Kind, args: CommandArguments<"inspect">, output: Output): Promise<number> {
  const rows = await knownRows(args).then((all) => Object.entries(all).filter(([, row]) => row.kind === kind));
  if (output.json) {
    output.result("", Object.fromEntries(rows));
    return exitCode.done;
  }
  const lines = rows.map(([name, { args: taken, doc, notApplicable }]) => [
    [
      output.colors.bold(name),
      ...Object.entries(taken).map(([arg, { required }]) => (required === true ? arg.toUpperCase() : `[${arg.toUpperCase()}]`)),
    ].join(" "),
    notApplicable === undefined ? doc : output.colors.dim(`${doc} Not applicable: ${notApplicable}`),
  ]);
  output.print(table([{ title: "COMMAND" }, { title: "" }], lines, output));
  return exitCode.done;
}

async function knownRows({ common }: CommandArguments<"inspect">): Promise<Rows> {
  if (common.app === null) return remoteCommands;
  return await withBroker(common, async ({ runtime }) => {
    await runtime.loadIncludes();
    return rowsOf(runtime);
  });
}
