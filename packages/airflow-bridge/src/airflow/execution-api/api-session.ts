/** One task instance's calls to the Task Execution API: its token and the ones that replace it, the version asked for, and what is tried again. */
import { type Clock, encodeJson, jsonSerializer, reasonOf } from "@celeriac/core/runtime";
import { ExecutionApiError } from "./api-error.ts";
import { executionApiVersion } from "./types.ts";

export interface ApiOptions {
  /** of the API, such as http://airflow:8080/execution/ */
  readonly url: string;
  /** how long one attempt may take; Airflow's `[workers] execution_api_timeout` */
  readonly timeoutMs: number;
  /** attempts of a call that gets no answer, or a status of 500 and above; `[workers] execution_api_retries` */
  readonly attempts: number;
  /** `[workers] execution_api_retry_wait_min` and `_max` */
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
}

export interface ApiCall {
  readonly method: "GET" | "PUT" | "POST" | "PATCH" | "DELETE";
  /** segments, which are percent-encoded: a run's id has `+` and `:` in it */
  readonly path: readonly string[];
  readonly query?: Readonly<Record<string, string | number | boolean | null>>;
  /** absent: none */
  readonly body?: unknown;
}

export class ApiSession {
  readonly #options: ApiOptions;
  readonly #clock: Clock;
  readonly #refreshed: (token: string) => void;
  #token: string;

  /** `refreshed` is told of every new token. */
  constructor(options: ApiOptions, token: string, clock: Clock, refreshed: (token: string) => void) {
    this.#options = options;
    this.#token = token;
    this.#clock = clock;
    this.#refreshed = refreshed;
  }

  /** The answer's JSON; null when it has none, or a status of 404 where `absent` says that this is an answer. Integers beyond 2^53 are bigints. Throws AIRFLOW_API. */
  async call(call: ApiCall, { absent = false }: { readonly absent?: boolean } = {}): Promise<unknown> {
    const name = `${call.method} ${call.path.join("/")}`;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt(name, call, absent);
      } catch (error) {
        if (!(error instanceof ExecutionApiError) || !mayPass(error) || attempt >= this.#options.attempts) throw error;
      }
      const limit = Math.min(this.#options.retryMaxMs, this.#options.retryMinMs * 2 ** attempt);
      await this.#clock.sleep(Math.max(this.#options.retryMinMs, Math.random() * limit));
    }
  }

  async #attempt(name: string, { method, path, query, body }: ApiCall, absent: boolean): Promise<unknown> {
    const aborting = new AbortController();
    const timer = this.#clock.after(this.#options.timeoutMs, () => aborting.abort());
    try {
      const response = await fetch(urlOf(this.#options.url, path, query), {
        method,
        headers: {
          authorization: `Bearer ${this.#token}`,
          "airflow-api-version": executionApiVersion,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: encodeJson(body, "body") }),
        signal: aborting.signal,
      });
      this.#refresh(response.headers.get("refreshed-api-token"));
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (response.ok) return bytes.length === 0 ? null : jsonSerializer.read(bytes).value;
      if (response.status === 404 && absent) return null;
      throw new ExecutionApiError(name, { status: response.status, detail: detailOf(bytes) });
    } catch (error) {
      if (error instanceof ExecutionApiError) throw error;
      const why = aborting.signal.aborted ? `none within ${this.#options.timeoutMs} ms` : networkReason(error);
      throw new ExecutionApiError(name, { cause: error, why });
    } finally {
      timer.cancel();
    }
  }

  #refresh(token: string | null): void {
    if (token === null || token === "") return;
    this.#token = token;
    this.#refreshed(token);
  }
}

/** What may go well another time: an answer that did not come, or one that tells of trouble of the server's own. */
function mayPass(error: ExecutionApiError): boolean {
  return error.status === null || error.status >= 500;
}

function urlOf(base: string, path: readonly string[], query: ApiCall["query"] = {}): URL {
  const url = new URL(`${base.replace(/\/+$/, "")}/${path.map(encodeURIComponent).join("/")}`);
  for (const [name, value] of Object.entries(query)) if (value !== null) url.searchParams.set(name, String(value));
  return url;
}

function detailOf(bytes: Uint8Array): unknown {
  try {
    const body = jsonSerializer.read(bytes).value;
    return typeof body === "object" && body !== null && "detail" in body ? body.detail : null;
  } catch {
    // A proxy in between answers in HTML.
    return null;
  }
}

/** fetch says "fetch failed", and why in its cause. */
function networkReason(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return reasonOf(cause ?? error);
}
