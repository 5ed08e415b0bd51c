/** What a call to the Task Execution API ends with when it is refused, or gets no answer. Never holds a token, nor what was sent. */
import { CeleriacError } from "@celeriac/core/runtime";

export class ExecutionApiError extends CeleriacError {
  /** of HTTP; null: no answer came */
  readonly status: number | null;
  /** as the server wrote it: an object with `reason` and `message`, a text, or a list of what is wrong with the body; null: nothing */
  readonly detail: unknown;

  constructor(
    call: string,
    answer: { readonly status: number; readonly detail: unknown } | { readonly cause: unknown; readonly why: string },
  ) {
    if ("status" in answer) {
      super("AIRFLOW_API", `${call}: Airflow's server answered ${answer.status}${detailText(answer.detail)}`);
      this.status = answer.status;
      this.detail = answer.detail;
    } else {
      super("AIRFLOW_API", `${call}: no answer from Airflow's server: ${answer.why}`, { cause: answer.cause });
      this.status = null;
      this.detail = null;
    }
  }

  /** such as "invalid_state" or "not_running"; null: none was given */
  get reason(): string | null {
    return textOf(this.detail, "reason");
  }

  /** in which state the server has the task instance, where that is the reason */
  get previousState(): string | null {
    return textOf(this.detail, "previous_state");
  }
}

function textOf(detail: unknown, name: string): string | null {
  const value = typeof detail === "object" && detail !== null ? (detail as Readonly<Record<string, unknown>>)[name] : null;
  return typeof value === "string" ? value : null;
}

function detailText(detail: unknown): string {
  if (detail === null || detail === undefined) return "";
  if (typeof detail === "string") return `: ${detail}`;
  const parts = [textOf(detail, "reason"), textOf(detail, "message")].filter((part) => part !== null);
  if (parts.length > 0) return `: ${parts.join(": ")}`;
  // A list of what is wrong with a body also holds the body, which may be a secret.
  return Array.isArray(detail)
    ? `: ${detail.map((each) => [textOf(each, "type"), textOf(each, "msg")].filter(Boolean).join(": ")).join("; ")}`
    : "";
}
