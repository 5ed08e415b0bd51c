/** Asks the monitor's API, and turns every answer that is no success into one kind of error. */
import type { Problem } from "../../shared/contract.ts";

export class Refused extends Error {
  /** HTTP's; 0: no answer came */
  readonly status: number;

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "Refused";
    this.status = status;
  }
}

/** GET. Throws `Refused`. */
export function ask<Answer>(url: string, signal?: AbortSignal): Promise<Answer> {
  return exchange<Answer>(url, { ...(signal === undefined ? {} : { signal }) });
}

/** POST. The header tells the server that it was our page who asked. Throws `Refused`. */
export function order<Answer>(url: string, body: Readonly<Record<string, unknown>> = {}): Promise<Answer> {
  const headers = { "content-type": "application/json", "x-requested-with": "celeriac" };
  return exchange<Answer>(url, { method: "POST", headers, body: JSON.stringify(body) });
}

async function exchange<Answer>(url: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(url, {
    ...init,
    headers: { accept: "application/json", ...init.headers },
    credentials: "same-origin",
  }).catch((cause: unknown) => {
    if (init.signal?.aborted === true) throw cause;
    throw new Refused(0, "The monitor does not answer.", { cause });
  });
  if (response.ok) return (await response.json()) as Answer;
  throw new Refused(response.status, await reasonOf(response));
}

async function reasonOf(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const problem = JSON.parse(text) as Partial<Problem>;
    if (typeof problem.error === "string") return problem.error;
  } catch {
    // Something before the monitor answers in a form of its own.
  }
  return text !== "" && text.length < 300 && !text.startsWith("<") ? text : `The monitor answered ${response.status}.`;
}
