/** The rows as a person reads them: one table for each workload and broker, with how many times better celeriac is than each. */
import type { PoolName } from "./options.ts";
import { ratioOf, ratioText } from "./ratio.ts";
import { howOf, type Row } from "./row.ts";

export function tablesOf(rows: readonly Row[]): string {
  const groups = new Map<string, Row[]>();
  for (const row of rows) groups.set(titleOf(row), [...(groups.get(titleOf(row)) ?? []), row]);
  return [...groups].map(([title, members]) => `${title}\n${tableOf(members)}`).join("\n\n");
}

function titleOf(row: Row): string {
  return `${row.workload}, ${row.broker}: ${howOf(row)} (n = ${row.n})`;
}

function tableOf(rows: readonly Row[]): string {
  const isLatency = rows[0]?.workload === "latency";
  const ours = rows.filter(({ who }) => who === "celeriac");
  const header = [
    "who",
    ...(isLatency ? ["start p50", "start p99", "result p50", "result p99"] : ["per second", "min–max", "p50", "p99"]),
    "cpu/task",
    "broker cpu",
    ...ours.map(({ pool }) => ratioTitle(pool, isLatency)),
  ];
  const lines = rows.map((row) => [
    nameOf(row),
    ...(isLatency
      ? [milliseconds(row.p50Ms), milliseconds(row.p99Ms), milliseconds(row.resultP50Ms), milliseconds(row.resultP99Ms)]
      : [whole(row.perSecond), spreadOf(row), milliseconds(row.p50Ms), milliseconds(row.p99Ms)]),
    microseconds(row.cpuMsPerTask),
    microseconds(row.brokerCpuMsPerTask),
    ...ours.map((own) => (own === row ? "·" : ratioText(ratioOf(own, row)))),
  ]);
  const widths = header.map((_, column) => Math.max(...[header, ...lines].map((line) => line[column]!.length)));
  const printed = [header, ...lines].map((line) =>
    line.map((text, column) => (column === 0 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!))).join("  "),
  );
  return printed.map((line) => `  ${line}`).join("\n");
}

function nameOf({ who, pool, setting }: Row): string {
  return [who, pool, setting === "" ? null : `(${setting})`].filter((part) => part !== null).join(" ");
}

function ratioTitle(pool: PoolName | null, isLatency: boolean): string {
  return `${pool === null ? "celeriac" : `our ${pool}`} ${isLatency ? "quicker" : "×"}`;
}

function spreadOf({ each }: Row): string {
  const rates = each.map(({ perSecond }) => perSecond);
  return `${whole(Math.min(...rates))}–${whole(Math.max(...rates))}`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}

function milliseconds(value: number | null): string {
  return value === null ? "" : `${value.toFixed(2)} ms`;
}

function microseconds(valueMs: number | null): string {
  return valueMs === null ? "" : `${(valueMs * 1_000).toFixed(1)} µs`;
}
