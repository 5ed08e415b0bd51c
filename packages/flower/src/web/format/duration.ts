/** Lengths of time, given in seconds, as a person reads them. Pure. */

/** 0.0004 → "< 1 ms", 0.34 → "340 ms", 1.239 → "1.24 s", 184 → "3 min 4 s", 200000 → "2 d 7 h" */
export function duration(seconds: number): string {
  if (seconds <= 0) return "0 s";
  if (seconds < 0.001) return "< 1 ms";
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 59.95) return `${seconds < 10 ? trimmed(seconds, 2) : trimmed(seconds, 1)} s`;
  const rounded = Math.round(seconds);
  if (rounded < 3_600) return pair(Math.floor(rounded / 60), "min", rounded % 60, "s");
  if (rounded < 86_400) return pair(Math.floor(rounded / 3_600), "h", Math.floor((rounded % 3_600) / 60), "min");
  return pair(Math.floor(rounded / 86_400), "d", Math.floor((rounded % 86_400) / 3_600), "h");
}

/** How long ago, in one unit: 5 → "5 s ago"; what lies ahead: "in 5 s" */
export function ago(seconds: number): string {
  const size = Math.abs(seconds);
  if (size < 1) return "just now";
  const text = largest(size);
  return seconds < 0 ? `in ${text}` : `${text} ago`;
}

function largest(seconds: number): string {
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

function trimmed(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}
