/** How often a task may begin, as Celery writes it. Ground floor, imports nothing. */

/** Times a second, or as text a second, minute or hour: 10, "10", "10/s", "100/m", "1/h". 0 = no limit. */
export type RateLimit = number | `${number}` | `${number}/${"s" | "m" | "h"}`;

const unitSeconds = { s: 1, m: 60, h: 3_600 } as const;

/** Runs per second; null = no limit, which 0 is too, as in Celery. undefined: it is no rate. */
export function readRateLimit(value: unknown): number | null | undefined {
  if (value === null) return null;
  if (typeof value === "number") return Number.isFinite(value) && value >= 0 ? value || null : undefined;
  if (typeof value !== "string") return undefined;
  const [, count, unit = "s"] = /^\s*(\d+(?:\.\d+)?|\.\d+)\s*(?:\/\s*([smh]))?\s*$/.exec(value) ?? [];
  if (count === undefined) return undefined;
  return Number(count) / unitSeconds[unit as keyof typeof unitSeconds] || null;
}
