/** A command line that calls one of an app's tasks, to paste into another terminal. */
import type { AppRuntime } from "@celeriac/core/runtime";
import type { CommandArguments } from "./command-table.ts";
import type { Colors } from "./output.ts";

type Registry = Pick<AppRuntime["registry"], "runnable" | "get">;

export function callHint(registry: Registry, common: Pick<CommandArguments<"worker">["common"], "app" | "broker">, colors: Colors): string {
  const [first] = registry.runnable();
  if (first === undefined) return colors.dim("  The app defines no task yet.\n\n");
  const app = common.app === null ? [] : ["-A", common.app];
  const broker = common.broker === null ? [] : ["-b", common.broker];
  const line = ["celeriac", ...app, ...broker, "call", first, ...argumentWords(registry, first), "--wait"].map(quoted).join(" ");
  return `  ${colors.dim("Try, in another terminal:")}  ${colors.bold(`npx ${line}`)}\n\n`;
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
