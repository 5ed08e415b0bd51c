/** How the options of tasks and calls are checked where types cannot: a caller may be plain JavaScript. */
import { durationMs } from "./duration.ts";
import { serializerNames } from "./serializer.ts";
import { unknownName } from "./setting.ts";

/** Whether a value fits; `name` is what an error calls it. Throws CONFIG_DURATION for a length of time that is none. */
export type OptionCheck = (value: unknown, name: string) => boolean;

/** Throws CONFIG_UNKNOWN with the nearest name, and what `refusal` makes of the name of an option whose value does not fit. undefined counts as absent. */
export function checkOptions(
  what: string,
  checks: Readonly<Record<string, OptionCheck>>,
  options: object,
  refusal: (name: string, value: unknown) => Error,
): void {
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(checks, name)) throw unknownName(`option of ${what}`, name, Object.keys(checks));
    if (value !== undefined && !checks[name]!(value, name)) throw refusal(name, value);
  }
}

export function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

export function isFlag(value: unknown): boolean {
  return typeof value === "boolean";
}

export function isCount(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0;
}

/** Of any realm: a test runner's Date is not this one's. */
export function isDate(value: unknown): boolean {
  return Object.prototype.toString.call(value) === "[object Date]";
}

export function isSerializer(value: unknown): boolean {
  return (serializerNames as readonly unknown[]).includes(value);
}

export function isDuration(value: unknown, name: string): boolean {
  if (typeof value !== "number" && typeof value !== "string") return false;
  durationMs(value, name);
  return true;
}

/** An object of named members. */
export function isRecord(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
