/** What a worker shows on a terminal when it starts. */
import { type AppRuntime, isMemoryUrl, redactUrl, resultUrlOf } from "@celeriac/core/runtime";
import type { PoolPlan, PoolShape } from "@celeriac/worker";
import type { Colors } from "./output.ts";
import { counted, fold, wrap } from "./text.ts";

export interface BannerFacts {
  readonly version: string;
  readonly hostname: string;
  readonly file: string;
  readonly runtime: Pick<AppRuntime, "name" | "settings" | "registry">;
  readonly queues: readonly string[];
  readonly pool: PoolPlan["pool"];
  readonly shape: PoolShape;
}

const labelWidth = 9;
const mostTasks = 20;

export function banner(facts: BannerFacts, colors: Colors, columns: number): string {
  const { runtime } = facts;
  const tasks = [...runtime.registry.runnable()].sort();
  const room = columns - labelWidth - 4;
  const rows: readonly (readonly [label: string, lines: readonly string[]])[] = [
    ["app", [`${runtime.name}  ${colors.dim(facts.file)}`]],
    ["broker", [brokerText(runtime.settings.brokerUrl, colors)]],
    ["results", [resultsText(runtime.settings)]],
    ["queues", wrap(facts.queues.join(" "), room)],
    ["pool", [poolText(facts)]],
    ["tasks", tasks.length === 0 ? [colors.yellow("none: the app defines no task")] : side(shortened(tasks), room)],
  ];
  const lines = rows.flatMap(([label, texts]) =>
    texts.map((text, at) => `  ${colors.dim((at === 0 ? label : "").padEnd(labelWidth))}${text}`),
  );
  return ["", `  ${colors.bold(colors.green("celeriac"))} ${facts.version}  ${facts.hostname}`, "", ...lines, "", ""].join("\n");
}

function brokerText(url: string, colors: Colors): string {
  return isMemoryUrl(url) ? `${url}  ${colors.yellow("no other process can reach it")}` : redactUrl(url);
}

function resultsText(settings: AppRuntime["settings"]): string {
  const url = resultUrlOf(settings);
  return url === settings.brokerUrl ? "with the broker" : redactUrl(url);
}

function poolText({ pool, shape }: BannerFacts): string {
  const upTo = (of: PoolShape["scaledBy"]) => (shape.autoscale !== null && shape.scaledBy === of ? ` to ${shape.autoscale.max}` : "");
  const executors = shape.kind === "inline" ? "the worker's own thread" : counted(shape.executors, shape.kind, upTo("executors"));
  const slots = shape.slots === 1 && upTo("slots") === "" ? "" : ` × ${counted(shape.slots, "task", upTo("slots"))}`;
  const heap = shape.heapMb === null ? "" : `, ${shape.heapMb} MB of heap each`;
  return `${pool}, ${executors}${slots}${heap}`;
}

function side(names: readonly string[], width: number): readonly string[] {
  return fold(
    names.map((text) => ({ text, paint: String })),
    width,
    0,
  ).split("\n");
}

function shortened(names: readonly string[]): readonly string[] {
  if (names.length <= mostTasks) return names;
  return [...names.slice(0, mostTasks - 1), `and ${names.length - mostTasks + 1} more`];
}
