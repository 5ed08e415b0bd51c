/** Prometheus's text format as Python's client writes it: labels in the order of the alphabet, numbers as floats (`le="1.0"`), so that series do not split where Flower's were before. Pure. */
import type { MetricObjectWithValues, MetricValue } from "prom-client";

type Metric = MetricObjectWithValues<MetricValue<string>>;

export const contentType = "text/plain; version=0.0.4; charset=utf-8";

export function exposition(metrics: readonly Metric[]): string {
  return metrics.map(textOf).join("");
}

function textOf({ name, help, type, values }: Metric): string {
  const lines = values.map(
    (value) => `${(value as { metricName?: string }).metricName ?? name}${labelsOf(value.labels)} ${numberOf(value.value)}\n`,
  );
  return `# HELP ${name} ${escapedHelp(help)}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function labelsOf(labels: MetricValue<string>["labels"]): string {
  const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  if (pairs.length === 0) return "";
  return `{${pairs.map(([name, value]) => `${name}="${escapedLabel(name === "le" ? boundOf(value) : String(value))}"`).join(",")}}`;
}

function boundOf(value: unknown): string {
  return typeof value === "number" ? numberOf(value) : String(value);
}

/** 3 → "3.0", as Python shows a float. */
export function numberOf(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  return Number.isInteger(value) && Math.abs(value) < 1e16 ? `${value}.0` : String(value);
}

function escapedHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapedLabel(text: string): string {
  return escapedHelp(text).replaceAll('"', '\\"');
}
