/** Looks connections and variables up where Airflow does, and in its order: in the environment, then in the store. */
import { CeleriacError, readSecret, shownValue } from "@celeriac/core/runtime";
import type { DagStore } from "../store/store.ts";
import { type Connection, connectionOf } from "./connection.ts";
import { hideConnection, hideVariable } from "./hide-secrets.ts";
import { readJson } from "./json-text.ts";
import { readConnection } from "./read-connection.ts";

/** What tasks are given, and hooks take. All reject with DAG_STORE_* when the store is asked and does not answer, CONFIG_FILE for a file that cannot be read. */
export interface ConnectionReader {
  /**
   * Of AIRFLOW_CONN_<ID>, Airflow's URI or JSON; else of the file that AIRFLOW_CONN_<ID>_FILE names; else of the store. Read anew each time. Rejects
   * with DAG_CONNECTION_MISSING, DAG_CONNECTION_INVALID.
   */
  connection(id: string): Promise<Connection>;
  /** Of AIRFLOW_VAR_<KEY>, the file that AIRFLOW_VAR_<KEY>_FILE names, or the store. Rejects with DAG_VARIABLE_MISSING without a `fallback`. */
  variable(key: string, o?: { readonly fallback?: string }): Promise<string>;
  /** The same as JSON, whose shape nobody checks. Rejects with DAG_VARIABLE_INVALID for what is none. */
  variable<T = unknown>(key: string, o: { readonly json: true; readonly fallback?: T }): Promise<T>;
}

/** What was imported or set by commands; null: not there. */
export interface StoredConnections {
  connection(id: string): Promise<Connection | null>;
  variable(key: string): Promise<string | null>;
}

export function storedConnections(store: Pick<DagStore, "read">): StoredConnections {
  return {
    async connection(id) {
      const found = await store.read(({ connections }) => connections.find(id));
      return found === null ? null : connectionOf(id, found);
    },
    variable: (key) => store.read(({ variables }) => variables.find(key)),
  };
}

export function createConnectionReader(
  environment: Readonly<Record<string, string | undefined>>,
  stored: StoredConnections,
): ConnectionReader {
  return {
    async connection(id) {
      const name = variableName("AIRFLOW_CONN_", id, "connection");
      const given = givenIn(environment, name);
      // Airflow takes an empty one for none.
      const isGiven = given !== null && given.text !== "";
      const found = isGiven ? readConnection(id, given.text, given.source) : await stored.connection(id);
      if (found !== null) {
        hideConnection(found);
        return found;
      }
      throw new CeleriacError(
        "DAG_CONNECTION_MISSING",
        `There is no connection ${JSON.stringify(id)}: set ${name}, or keep it: celeriac dag connections set ${id} URI`,
      );
    },
    async variable<T>(key: string, o: { readonly json?: true; readonly fallback?: T } = {}): Promise<T | string> {
      const name = variableName("AIRFLOW_VAR_", key, "variable");
      const given = givenIn(environment, name);
      const text = given?.text ?? (await stored.variable(key));
      if (text !== null) {
        hideVariable(key, text);
        return o.json === true ? (jsonOf(text, key) as T) : text;
      }
      if ("fallback" in o) return o.fallback as T;
      throw new CeleriacError(
        "DAG_VARIABLE_MISSING",
        `There is no variable ${JSON.stringify(key)}: set ${name}, or keep it: celeriac dag variables set ${key} VALUE`,
      );
    },
  };
}

function variableName(prefix: string, id: unknown, what: "connection" | "variable"): string {
  if (typeof id === "string" && id !== "") return prefix + id.toUpperCase();
  const code = what === "connection" ? "DAG_CONNECTION_MISSING" : "DAG_VARIABLE_MISSING";
  throw new CeleriacError(code, `${what}(): expected the name of one, got ${shownValue(id)}`);
}

interface Given {
  readonly text: string;
  readonly source: string;
}

/** Airflow may have a variable whose own name ends in _FILE: so the plain one counts where both are set. */
function givenIn(environment: Readonly<Record<string, string | undefined>>, name: string): Given | null {
  const text = environment[name];
  if (text !== undefined) return { text, source: name };
  const source = `${name}_FILE`;
  const path = environment[source];
  return path === undefined ? null : { text: readSecret(source, path), source };
}

function jsonOf(text: string, key: string): unknown {
  const read = readJson(text);
  if (read.kind === "value") return read.value;
  const place = `line ${read.line}, column ${read.column}`;
  throw new CeleriacError("DAG_VARIABLE_INVALID", `The variable ${JSON.stringify(key)} is no JSON: look at ${place} of it`);
}
