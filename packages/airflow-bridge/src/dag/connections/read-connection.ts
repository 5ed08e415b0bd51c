/** A connection out of a text, as Airflow has them in its environment: a URI, or a JSON object. */
import { CeleriacError, isRecord } from "@celeriac/core/runtime";
import type { Connection } from "./connection.ts";
import { readConnectionFields } from "./connection-fields.ts";
import { readConnectionUri } from "./connection-uri.ts";
import { readJson } from "./json-text.ts";

/** `source`: where the text comes from, for the error, which shows nothing of it. Throws DAG_CONNECTION_INVALID. */
export function readConnection(id: string, text: string, source: string): Connection {
  const read = text.trimStart().startsWith("{") ? readConnectionJson(id, text) : readConnectionUri(id, text);
  if (typeof read === "string") throw new CeleriacError("DAG_CONNECTION_INVALID", `${source} cannot be read as a connection: ${read}`);
  return read;
}

function readConnectionJson(id: string, text: string): Connection | string {
  const read = readJson(text);
  if (read.kind === "broken") return `it is no JSON: look at line ${read.line}, column ${read.column}`;
  return isRecord(read.value) ? readConnectionFields(id, read.value as Readonly<Record<string, unknown>>) : "it is no JSON object";
}
