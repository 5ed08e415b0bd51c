/** Options of `apply_async` as Flower's API takes them, as JSON under Celery's names, for a call of ours. */
import type { App, CallOptions } from "@celeriac/core";
import { camelCase, parseInstant } from "@celeriac/core/runtime";
import { Refusal } from "../access.ts";

type Given = Readonly<Record<string, unknown>>;

/** What is asked for: a task's arguments, and how it is sent. */
export interface CallRequest {
  readonly args: readonly unknown[];
  readonly options: CallOptions;
}

/** Flower's words for each. Throws Refusal 400; options that no call has are refused when it is sent. */
export function readCall(app: Pick<App<unknown>, "signature">, body: Given): CallRequest {
  const { args = [], kwargs = {}, ...given } = body;
  if (!Array.isArray(args)) throw new Refusal(400, "args must be an array");
  if (typeof kwargs !== "object" || kwargs === null || Array.isArray(kwargs)) throw new Refusal(400, "kwargs must be an object");
  const known = Object.entries(given).filter(([, value]) => value !== null);
  const options = Object.fromEntries(known.map(([name, value]) => [camelCase(name), readOption(app, name, value)]));
  return { args, options: { kwargs: kwargs as Given, ...options } };
}

function readOption(app: Pick<App<unknown>, "signature">, name: string, value: unknown): unknown {
  switch (name) {
    case "eta":
      return dateOf(value);
    case "countdown":
      return secondsOf(value) ?? refuse();
    case "expires":
      return secondsOf(value) ?? dateOf(value);
    case "link":
    case "link_error":
      return (Array.isArray(value) ? value : [value]).map((each: unknown) => app.signature(each as object));
    case "retry_policy":
      return camelKeys(value);
    default:
      return value;
  }
}

/** "2030-01-01 08:00:00.000000", or ISO 8601; UTC where it does not say. */
function dateOf(value: unknown): Date {
  const epochMs = typeof value === "string" ? parseInstant(value.trim().replace(" ", "T")) : null;
  return epochMs === null ? refuse() : new Date(epochMs);
}

function secondsOf(value: unknown): number | null {
  const seconds = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof seconds === "number" && Number.isFinite(seconds) ? Math.max(0, seconds) : null;
}

function camelKeys(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [camelCase(name), each]));
}

function refuse(): never {
  throw new Refusal(400, "Invalid option");
}
