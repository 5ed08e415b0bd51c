/** HTTP for tasks: requests below the address of a connection, with its login and headers, as Airflow's HttpHook makes them. */
import { CeleriacError, isRecord, reasonOf, redactUrl } from "@celeriac/core/runtime";
import type { Connection } from "../connections/connection.ts";
import { currentSignal } from "../runner/current-work.ts";
import type { HookDefinition } from "./open-hooks.ts";

export interface HttpHook {
  /** such as "https://shop.example:8443/api" */
  readonly baseUrl: string;
  /**
   * As `fetch`, for a path below `baseUrl`, with the connection's login and headers under those that are given. It ends with the try that it belongs
   * to. Any status is an answer. Rejects with DAG_HTTP where none comes.
   */
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

export const httpHook: HookDefinition<HttpHook> = {
  types: ["http", "https"],
  open(connection) {
    const baseUrl = baseUrlOf(connection);
    const own = headersOf(connection);
    return {
      baseUrl,
      async fetch(path, init = {}) {
        const url = path === "" ? baseUrl : `${baseUrl.replace(/\/$/, "")}/${path.replace(/^\//, "")}`;
        const headers = new Headers(own);
        for (const [name, value] of new Headers(init.headers)) headers.set(name, value);
        const signals = [currentSignal(), init.signal].filter((signal) => signal !== undefined && signal !== null);
        try {
          return await fetch(url, { ...init, headers, signal: AbortSignal.any(signals) });
        } catch (error) {
          for (const signal of signals) signal.throwIfAborted();
          const { cause } = error as { readonly cause?: unknown };
          const words = `${init.method ?? "GET"} ${redactUrl(url)} (${reasonOf(cause ?? error)})`;
          throw new CeleriacError("DAG_HTTP", `No answer to ${words}`, { cause: error });
        }
      },
    };
  },
  close() {},
};

/** Host with or without a scheme; without one `schema` is it, else http. */
function baseUrlOf({ id, type, host, port, schema }: Connection): string {
  const named = host ?? "";
  const scheme = schema ?? (type === "https" ? "https" : "http");
  const url = `${named.includes("://") ? named : `${scheme}://${named}`}${port === null ? "" : `:${port}`}`;
  if (named !== "" && URL.canParse(url)) return url;
  throw new CeleriacError(
    "DAG_CONNECTION_INVALID",
    `Connection ${id} names no address: its host is that of the server, its schema http or https`,
  );
}

/** What Airflow's HttpHook takes out of `extra` for itself; the rest are headers there. */
const notHeaders = new Set([
  "proxies",
  "proxy",
  "stream",
  "verify",
  "cert",
  "timeout",
  "allow_redirects",
  "max_redirects",
  "trust_env",
  "check_response",
]);

function headersOf({ login, password, extra }: Connection): Headers {
  const given = { ...extra, ...(isRecord(extra["headers"]) ? (extra["headers"] as object) : {}) };
  const entries = Object.entries(given).filter(([name, value]) => !notHeaders.has(name) && typeof value === "string");
  const headers = new Headers(entries as [string, string][]);
  if (login !== null && !headers.has("authorization"))
    headers.set("authorization", `Basic ${Buffer.from(`${login}:${password ?? ""}`).toString("base64")}`);
  return headers;
}
