/** What `result_extended` keeps of a task's arguments: they themselves, as Celery does, unless something of them was not to be shown. */
import type { ContentRules, RawContent } from "./content.ts";
import { decodeBody } from "./message.ts";
import { stars } from "./redact.ts";
import { reprArgs, reprKwargs } from "./repr.ts";
import type { TaskHeaders } from "./task-headers.ts";

export interface KeptArguments {
  /** a list; or text */
  readonly args: unknown;
  /** an object; or text */
  readonly kwargs: unknown;
}

/**
 * Text where who sent them shows something else in their place (`argsrepr`), where a key among them names a secret, where JSON cannot say them, and
 * where the body cannot be read.
 */
export function keptArguments(
  body: RawContent,
  { argsRepr, kwargsRepr }: Pick<TaskHeaders, "argsRepr" | "kwargsRepr">,
  rules: ContentRules,
): KeptArguments {
  try {
    const { args, kwargs } = decodeBody(body, rules);
    const isShown = (shown: string, whole: string, value: unknown) => shown === whole && !shown.includes(stars) && isJson(value);
    return {
      args: isShown(argsRepr, reprArgs(args), args) ? args : argsRepr,
      kwargs: isShown(kwargsRepr, reprKwargs(kwargs), kwargs) ? kwargs : kwargsRepr,
    };
  } catch {
    // What the task itself says of this body is what counts.
    return { args: argsRepr, kwargs: kwargsRepr };
  }
}

function isJson(value: unknown): boolean {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object") return false;
  if (Array.isArray(value)) return value.every(isJson);
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && Object.values(value).every(isJson);
}
