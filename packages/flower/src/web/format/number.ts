/** Numbers as a person reads them. Pure. */

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

/** 1234567 → "1,234,567" */
export function count(value: number): string {
  return whole.format(value);
}

/** 1234567 → "1.23M"; up to 9,999 in full */
export function shortCount(value: number): string {
  return Math.abs(value) < 10_000 ? whole.format(value) : short.format(value);
}

/** Of a second: 0.02 → "1.2/min", 42.31 → "42.3/s" */
export function rate(perSecond: number): { readonly figure: string; readonly unit: string } {
  if (perSecond === 0) return { figure: "0", unit: "/s" };
  const [value, unit] = perSecond < 0.1 ? [perSecond * 60, "/min"] : [perSecond, "/s"];
  return { figure: value >= 100 ? shortCount(Math.round(value)) : String(Number(value.toPrecision(value < 1 ? 1 : 3))), unit };
}

/** 0.0412 → "4.1 %"; what is not nothing never reads as 0 */
export function percent(share: number): string {
  const value = share * 100;
  if (value === 0) return "0 %";
  if (value < 0.1) return "< 0.1 %";
  return `${value >= 10 ? Math.round(value) : value.toFixed(1)} %`;
}

/** 1 → "1 task", 3 → "3 tasks" */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** 123456 → "121 KiB" */
export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let size = value;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}
