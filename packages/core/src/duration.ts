/** Lengths of time as users write them. A bare number is seconds everywhere, as in Celery; strings carry their unit. */
import { ConfigError } from "./errors.ts";

export type Duration = number | `${number}${"ms" | "s" | "m" | "h" | "d"}`;

/** From the longest to the shortest. */
export const durationUnits = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
] as const;

/** Milliseconds of a duration; `name` is what the error calls it. Throws CONFIG_DURATION for anything negative, infinite or misspelt. */
export function durationMs(value: Duration | string, name = "duration"): number {
  const ms = typeof value === "number" ? value * 1_000 : typeof value === "string" ? textMs(value) : null;
  if (ms === null || !Number.isFinite(ms) || ms < 0) {
    throw new ConfigError(
      "CONFIG_DURATION",
      `${name} is ${typeof value === "string" ? JSON.stringify(value) : String(value)}: expected seconds as a number, or a text such as "250ms", "90s", "5m", "2h", "1d"`,
    );
  }
  return ms;
}

function textMs(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?|\.\d+)(ms|s|m|h|d)?$/.exec(text.trim());
  if (!match) return null;
  const [, unitMs] = durationUnits.find(([unit]) => unit === (match[2] ?? "s"))!;
  return Number(match[1]) * unitMs;
}

/** The way back, in the longest unit of which it is a whole number: 90,000 → "90s", 7,200,000 → "2h". */
export function durationText(ms: number): string {
  const [unit, unitMs] = durationUnits.find(([, each]) => ms >= each && ms % each === 0) ?? ["ms", 1];
  return `${ms / unitMs}${unit}`;
}
