/** What a connection has besides Airflow's fields: a JSON object, or a text of one. */
import { isRecord } from "@celeriac/core/runtime";
import { readJson } from "./json-text.ts";

export type Extra = Readonly<Record<string, unknown>>;

/** A text: what is wrong with it. */
export function readExtra(given: unknown): Extra | string {
  if (given === null || given === undefined || given === "") return {};
  if (isRecord(given)) return given as Extra;
  if (typeof given !== "string") return "its extra is no JSON object";
  const read = readJson(given);
  if (read.kind === "broken") return `its extra is no JSON: look at line ${read.line}, column ${read.column} of it`;
  return isRecord(read.value) ? (read.value as Extra) : "its extra is JSON, but no object";
}
