/** Command lines to paste into a terminal: one that calls a task of the app, one that shows where a task failed. */
import { type AppRuntime, redactUrl } from "@celeriac/core/runtime";
import type { CommandArguments } from "./command-table.ts";
import type { Colors } from "./output.ts";

type Registry = Pick<AppRuntime["registry"], "runnable" | "get">;

type Common = Pick<CommandArguments<"worker">["common"], "app" | "broker" | "resultBackend">;

export function callHint(registry: Registry, common: Common, colors: Colors): string {
  const [first] = registry.runnable();
  if (first === undefined) return colors.dim("  The app defines no task yet.\n\n");
  const line = lineOf(common, ["call", first, ...argumentWords(registry, first), "--wait"]);
  return `  ${colors.dim("Try, in another terminal:")}  ${colors.bold(`npx ${line}`)}\n\n`;
}

export function tracebackHint(id: string, common: Common): string {
  return `${lineOf(common, ["result", id, "--traceback"])} shows where.`;
}

/** With what was said about app and servers, but for passwords. */
function lineOf({ app, broker, resultBackend }: Common, words: readonly string[]): string {
  const given = [
    ...(app === null ? [] : ["-A", app]),
    ...(broker === null ? [] : ["-b", redactUrl(broker)]),
    ...(resultBackend === null ? [] : ["--result-backend", redactUrl(resultBackend)]),
  ];
  return ["celeriac", ...given, ...words].map(quoted).join(" ");
}

/** As many numbers as the function takes arguments; what they mean only its author knows. */
function argumentWords(registry: Registry, name: string): readonly string[] {
  const definition = registry.get(name);
  if (definition === undefined || definition.code.kind === "declared") return [];
  if (definition.input !== null) return ["--kwargs", "{}"];
  const count = definition.options.params?.length ?? definition.code.run.length - (definition.code.kind === "bound" ? 1 : 0);
  return Array.from({ length: Math.max(0, count) }, (_, at) => String(at + 1));
}

/** For a POSIX shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
