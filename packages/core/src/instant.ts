/** Points in time as users give them, within the years that ISO-8601 writes with four digits and Python can read. */
import { ConfigError } from "./errors.ts";

const firstMs = Date.parse("0001-01-01T00:00:00Z");
const lastMs = Date.parse("9999-12-31T23:59:59.999Z");

/** Epoch ms of an instant; `name` is what the error calls it. Throws CONFIG_INVALID for an invalid Date and outside the years 1 to 9999. */
export function instantMs(at: Date | number, name: string): number {
  const epochMs = typeof at === "number" ? at : at.getTime();
  if (epochMs >= firstMs && epochMs <= lastMs) return epochMs;
  const what = Number.isNaN(epochMs) ? "an invalid Date" : "outside the years 1 to 9999";
  throw new ConfigError("CONFIG_INVALID", `${name} is ${what}`);
}
