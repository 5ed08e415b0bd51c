/** Lengths of time as users write them. A bare number is seconds everywhere, as in Celery; strings carry their unit. */
import { ConfigError } from "./errors.ts";

export type Duration = number | `${number}${"ms" | "s" | "m" | "h" | "d"}`;

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

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
  const unit = (match[2] ?? "s") as keyof typeof unitMs;
  return Number(match[1]) * unitMs[unit];
}
