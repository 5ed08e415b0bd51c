/** From the rows of a stream's processes, their groups and what they depend on to their plans. */
import { nearest } from "@celeriac/core/runtime";
import { circleIn } from "../definition/circle.ts";
import type { ControlRows } from "./control-tables.ts";
import { createRowReader, keyOf, type RowProblem, type TableRow } from "./row.ts";
import { type ProcessKind, type ProcessPlace, type ProcessPlan, processKinds } from "./stream-plan.ts";

export interface ProcessSurroundings {
  /** Why the file cannot be a script; null: it can. */
  scriptProblem(file: string): string | null;
  isStream(name: string): boolean;
}

type ProcessRows = Pick<ControlRows, "process" | "process_group" | "dependency">;

/** Those that are enabled; one that is not is left out, and what depends on it depends on what it depends on. Problems go to `problems`. */
export function readProcesses(rows: ProcessRows, around: ProcessSurroundings, problems: RowProblem[]): readonly ProcessPlan[] {
  const names = rows.process.map(({ name }) => String(name));
  const places = readPlaces(rows.process_group, names, problems);
  const dependencies = readDependencies(rows.dependency, names, problems);
  const read = rows.process.map((row) => readProcess(row, around, { problems, places }));
  if (problems.length > 0) return [];
  const disabled = new Set(read.filter(({ isEnabled }) => !isEnabled).map(({ plan }) => plan.name));
  return read.filter(({ isEnabled }) => isEnabled).map(({ plan }) => ({ ...plan, dependsOn: without(disabled, dependencies, plan.name) }));
}

interface Membership {
  readonly group: string;
  /** null: the process's own */
  readonly priority: number | null;
}

function readPlaces(
  rows: readonly TableRow[],
  processes: readonly string[],
  problems: RowProblem[],
): ReadonlyMap<string, readonly Membership[]> {
  const places = new Map<string, Membership[]>();
  for (const row of rows) {
    const reader = createRowReader("process_group", row, problems);
    const [group, priority] = [reader.name("name"), reader.integerOrNull("priority", Number.NEGATIVE_INFINITY)];
    const process = String(row["process"]);
    if (!processes.includes(process)) reader.refuse("process", unknownProcess(process, processes));
    if (processes.includes(group)) reader.refuse("name", `a process of the stream is called ${group}, too: a group needs another name`);
    places.set(process, [...(places.get(process) ?? []), { group, priority }]);
  }
  return places;
}

function readDependencies(
  rows: readonly TableRow[],
  processes: readonly string[],
  problems: RowProblem[],
): ReadonlyMap<string, readonly string[]> {
  const dependencies = new Map<string, string[]>();
  for (const row of rows) {
    const reader = createRowReader("dependency", row, problems);
    const [process, dependsOn] = [String(row["process"]), String(row["depends_on"])];
    for (const [column, name] of [
      ["process", process],
      ["depends_on", dependsOn],
    ] as const)
      if (!processes.includes(name)) reader.refuse(column, unknownProcess(name, processes));
    if (process === dependsOn) reader.refuse("depends_on", "a process cannot depend on itself");
    else dependencies.set(process, [...(dependencies.get(process) ?? []), dependsOn]);
  }
  tellCircles(rows, dependencies, problems);
  return dependencies;
}

/** Each circle once, by the row of its first process. */
function tellCircles(rows: readonly TableRow[], dependencies: ReadonlyMap<string, readonly string[]>, problems: RowProblem[]): void {
  const told = new Set<string>();
  for (const process of dependencies.keys()) {
    if (told.has(process)) continue;
    const circle = circleIn((name) => dependencies.get(name) ?? [], process);
    if (circle === null) continue;
    for (const member of circle) told.add(member);
    const row = rows.find((each) => each["process"] === process && each["depends_on"] === circle[1])!;
    const message = `the processes wait for each other in a circle: ${circle.join(" → ")}`;
    problems.push({ table: "dependency", key: keyOf("dependency", row), column: "depends_on", message });
  }
}

function readProcess(
  row: TableRow,
  around: ProcessSurroundings,
  { problems, places }: { readonly problems: RowProblem[]; readonly places: ReadonlyMap<string, readonly Membership[]> },
): { readonly isEnabled: boolean; readonly plan: ProcessPlan } {
  const reader = createRowReader("process", row, problems);
  const [name, kind, command] = [reader.name("name"), reader.text("kind"), reader.text("command")];
  const priority = reader.integer("priority", Number.NEGATIVE_INFINITY);
  const memberships = places.get(String(row["name"])) ?? [];
  const inGroups: readonly ProcessPlace[] = memberships.map((each) => ({ group: each.group, priority: each.priority ?? priority }));
  const plan: ProcessPlan = {
    name,
    kind: kind as ProcessKind,
    command,
    params: reader.json("params"),
    retries: reader.integer("retries", 0),
    retryDelaySeconds: reader.integer("retry_delay_seconds", 0),
    timeoutSeconds: reader.integerOrNull("timeout_seconds", 1),
    pool: reader.textOrNull("pool"),
    places: inGroups.length === 0 ? [{ group: null, priority }] : inGroups,
    dependsOn: [],
  };
  const isEnabled = reader.flag("enabled");
  if (!(processKinds as readonly string[]).includes(kind)) reader.refuse("kind", `expected ${processKinds.join(", ")}`);
  const problem = command === "" || !isEnabled ? null : commandProblem(plan, around);
  if (problem !== null) reader.refuse("command", problem);
  if (kind === "stream" && plan.timeoutSeconds !== null)
    reader.refuse("timeout_seconds", "a stream is waited for as long as its run takes");
  return { isEnabled, plan };
}

function commandProblem({ kind, command }: ProcessPlan, around: ProcessSurroundings): string | null {
  if (kind === "script") return around.scriptProblem(command);
  if (kind === "stream" && !around.isStream(command)) return `there is no stream ${JSON.stringify(command)}`;
  return null;
}

/** What a process depends on, past those that are left out. */
function without(disabled: ReadonlySet<string>, dependencies: ReadonlyMap<string, readonly string[]>, process: string): readonly string[] {
  const found = (dependencies.get(process) ?? []).flatMap((name) => (disabled.has(name) ? without(disabled, dependencies, name) : [name]));
  return [...new Set(found)];
}

function unknownProcess(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return `the stream has no process ${JSON.stringify(name)}${near === null ? "" : `: did you mean ${JSON.stringify(near)}?`}`;
}
