/** Points in time, given in epoch seconds, as a person reads them in a time zone. Pure. */

const formats = new Map<string, Intl.DateTimeFormat>();

/** Building one is slow; tables have hundreds of cells. */
function format(zone: string | undefined, name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${name} ${zone ?? ""}`;
  let found = formats.get(key);
  if (found === undefined) {
    found = new Intl.DateTimeFormat("en-GB", { ...options, ...(zone === undefined ? {} : { timeZone: zone }) });
    formats.set(key, found);
  }
  return found;
}

const clockParts = { hour: "2-digit", minute: "2-digit", second: "2-digit" } as const;
const dayParts = { year: "numeric", month: "2-digit", day: "2-digit" } as const;

/** Today: "14:03:22"; else "22 Nov, 14:03"; of another year "22 Nov 2025". `zone`: IANA name, undefined: the browser's. */
export function brief(at: number, now: number, zone: string | undefined): string {
  const day = format(zone, "day", dayParts);
  if (day.format(at * 1000) === day.format(now * 1000)) return format(zone, "clock", clockParts).format(at * 1000);
  const year = format(zone, "year", { year: "numeric" });
  const isThisYear = year.format(at * 1000) === year.format(now * 1000);
  if (!isThisYear) return format(zone, "date", { day: "numeric", month: "short", year: "numeric" }).format(at * 1000);
  return format(zone, "brief", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }).format(at * 1000);
}

/** "2026-11-22 14:03:22.123 GMT+1" */
export function exact(at: number, zone: string | undefined): string {
  const parts = format(zone, "exact", { ...dayParts, ...clockParts, fractionalSecondDigits: 3, timeZoneName: "short" }).formatToParts(
    at * 1000,
  );
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((found) => found.type === type)?.value ?? "";
  const day = `${part("year")}-${part("month")}-${part("day")}`;
  return `${day} ${part("hour")}:${part("minute")}:${part("second")}.${part("fractionalSecond")} ${part("timeZoneName")}`;
}

/** "14:03", for a chart's axis and pointer; over more than a day "22 Nov 14:03" */
export function onAxis(at: number, spanSeconds: number, zone: string | undefined): string {
  const time = { hour: "2-digit", minute: "2-digit" } as const;
  if (spanSeconds <= 86_400) return format(zone, "axis", time).format(at * 1000);
  return format(zone, "axis-day", { day: "numeric", month: "short", ...time }).format(at * 1000);
}

/** ISO 8601 → epoch seconds; null: it is none */
export function parseIso(text: string): number | null {
  const value = Date.parse(text);
  return Number.isNaN(value) ? null : value / 1000;
}
