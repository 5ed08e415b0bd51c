/** A request to the server of a connection. */
import { CeleriacError, isRecord, isText, type OptionCheck } from "@celeriac/core/runtime";
import type { OrHandle } from "../definition/handle.ts";
import type { NodeOptions } from "../definition/node-options.ts";
import { hook } from "../hooks/hook.ts";
import type { Ending, Work } from "../model.ts";
import { withWork } from "../runner/current-work.ts";

export interface HttpOptions extends NodeOptions {
  /** "GET" */
  method?: string;
  /** below the connection's address; "" */
  path?: OrHandle<string>;
  /** over those of the connection */
  headers?: Readonly<Record<string, OrHandle<string>>>;
  /** a text as it is, anything else as JSON; without one where it is undefined */
  body?: OrHandle<unknown>;
  /** how the answer is read; by its content type */
  expect?: "json" | "text";
}

export const httpChecks: Readonly<Record<Exclude<keyof HttpOptions, keyof NodeOptions>, OptionCheck>> = {
  method: isText,
  path: (value) => typeof value === "string" || isRecord(value),
  headers: isRecord,
  body: () => true,
  expect: (value) => value === "json" || value === "text",
};

/** of an answer that is told when it fails */
const toldCharacters = 500;

/** Gives what was answered, as JSON or text. Arguments of the work: path, body, and the values of the headers `names`. */
export function httpWork(connectionId: string, names: readonly string[], { method = "GET", expect }: HttpOptions): Work {
  return {
    kind: "run",
    run: (context, [path, body, ...values]) =>
      withWork(context, async (): Promise<Ending> => {
        const headers = new Headers(names.map((name, at): [string, string] => [name, String(values[at])]));
        const api = await hook("http", connectionId);
        const answer = await api.fetch(String(path ?? ""), { method, headers, ...bodyOf(body, headers) });
        const text = await answer.text();
        if (answer.status >= 400) throw refused(`${method} ${answer.url} was answered ${answer.status}`, text);
        return { kind: "success", value: answered(text, expect ?? formOf(answer), `${method} ${answer.url}`) };
      }),
  };
}

function bodyOf(body: unknown, headers: Headers): { readonly body?: string } {
  if (body === undefined) return {};
  if (typeof body === "string") return { body };
  if (!headers.has("content-type")) headers.set("content-type", "application/json");
  return { body: JSON.stringify(body) };
}

function formOf({ headers }: Response): "json" | "text" {
  return /^application\/(?:[\w.-]+\+)?json\b/i.test(headers.get("content-type") ?? "") ? "json" : "text";
}

function answered(text: string, form: "json" | "text", what: string): unknown {
  if (form === "text") return text;
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw refused(`${what} was to be answered with JSON`, text);
  }
}

function refused(what: string, text: string): CeleriacError {
  return new CeleriacError("DAG_HTTP", text === "" ? what : `${what}: ${text.slice(0, toldCharacters)}`);
}
