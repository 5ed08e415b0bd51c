/** What `celeriac dag connections` and `dag variables` were asked to do with what the store keeps. */
import { text } from "node:stream/consumers";
import { CeleriacError } from "@celeriac/core/runtime";

export type Keeping =
  | { readonly kind: "list" }
  | { readonly kind: "get" | "remove"; readonly name: string }
  | { readonly kind: "set"; readonly name: string; readonly value: string };

interface Words {
  readonly action: string | null;
  readonly name: string | null;
  readonly value: string | null;
}

/** A value that the command line does not have comes from standard input, without the newline at its end. Throws COMMAND_USAGE. */
export async function readKeeping(command: string, { action, name, value }: Words): Promise<Keeping> {
  const kind = action ?? "list";
  if (kind !== "list" && kind !== "get" && kind !== "set" && kind !== "remove")
    throw usage(`${command} cannot do ${JSON.stringify(kind)}: expected list, get, set or remove`);
  const isTooMuch = kind === "list" ? name !== null : kind !== "set" && value !== null;
  if (isTooMuch) throw usage(`${command} ${kind} takes no argument ${JSON.stringify(kind === "list" ? name : "VALUE")}`);
  if (kind === "list") return { kind };
  if (name === null) throw usage(`${command} ${kind} needs NAME`);
  if (kind !== "set") return { kind, name };
  const { isKeptName } = await import("@celeriac/airflow-bridge/dag-runtime");
  if (!isKeptName(name)) throw usage(`${command} set: a name has 1 to 250 letters, digits, points, _ and -, got ${JSON.stringify(name)}`);
  if (value === null && process.stdin.isTTY) throw usage(`${command} set needs VALUE, or a text on standard input`);
  return { kind, name, value: value ?? (await text(process.stdin)).replace(/\r?\n$/, "") };
}

function usage(message: string): CeleriacError {
  return new CeleriacError("COMMAND_USAGE", message);
}
