/** What `celeriac events` shows on a terminal, as lines: workers above, tasks below, one of them at large. Pure. */
import { isAlive, type SeenState, type SeenTask, type SeenWorker } from "@celeriac/core/runtime";
import { shown } from "../event-line.ts";
import type { Colors, Output } from "../output.ts";
import { type Column, table } from "../table.ts";
import { age, counted } from "../text.ts";

export interface Scene {
  readonly tasks: readonly SeenTask[];
  readonly workers: readonly SeenWorker[];
  /** uuid; null: the newest, whichever that is */
  readonly selected: string | null;
  readonly isOpen: boolean;
  /** what there is to say at the bottom, in place of the keys */
  readonly notice: string | null;
  readonly broker: string;
  readonly nowMs: number;
}

type Screen = Pick<Output, "colors" | "columns"> & { readonly rows: number };

const workerColumns: readonly Column[] = [
  { title: "WORKER" },
  { title: "STATE" },
  { title: "RUNNING", align: "right" },
  { title: "DONE", align: "right" },
  { title: "LOAD" },
];
const taskColumns: readonly Column[] = [
  { title: " " },
  { title: "TASK" },
  { title: "STATE" },
  { title: "WORKER" },
  { title: "HEARD", align: "right" },
  { title: "RUNTIME", align: "right" },
  { title: "ID" },
  { title: "RESULT" },
];
const keys = "\u2191\u2193 select  enter details  r revoke  q quit";
/** Of the screen, so that tasks have room. */
const mostWorkers = 6;
/** With their head. */
const leastTasks = 3;

/** As many lines as the screen has rows. */
export function picture(scene: Scene, screen: Screen): readonly string[] {
  const { colors, rows } = screen;
  const top = [heading(scene, colors), "", ...workerLines(scene, screen), ""];
  const detail = scene.isOpen ? detailLines(scene, screen).slice(0, Math.max(0, rows - top.length - leastTasks - 1)) : [];
  const bottom = [...detail, scene.notice === null ? colors.dim(keys) : colors.yellow(scene.notice)];
  const room = Math.max(leastTasks, rows - top.length - bottom.length);
  const middle = taskLines(scene, screen, room);
  const blank = Math.max(0, rows - top.length - middle.length - bottom.length);
  return [...top, ...middle, ...Array.from({ length: blank }, () => ""), ...bottom].slice(0, rows);
}

/** The task that is selected, and where it stands in the list; null: there is none. */
export function selectedTask({
  tasks,
  selected,
}: Pick<Scene, "tasks" | "selected">): { readonly task: SeenTask; readonly at: number } | null {
  const at = Math.max(0, selected === null ? 0 : tasks.findIndex(({ uuid }) => uuid === selected));
  const task = tasks[at];
  return task === undefined ? null : { task, at };
}

function heading({ tasks, workers, broker, nowMs }: Scene, colors: Colors): string {
  const running = tasks.filter(({ state }) => state === "STARTED").length;
  const alive = workers.filter((worker) => isAlive(worker, nowMs)).length;
  const facts = [counted(alive, "worker"), counted(tasks.length, "task"), `${running} running`];
  return `${colors.bold("celeriac events")}  ${facts.join(" \u00b7 ")}  ${colors.dim(shown(broker))}`;
}

function workerLines({ workers, nowMs }: Scene, screen: Screen): readonly string[] {
  const { colors } = screen;
  if (workers.length === 0) return [colors.dim("No worker was heard of yet: each tells every 2 seconds that it is there.")];
  const rows = workers
    .slice(0, mostWorkers)
    .map((worker) => [
      shown(worker.hostname),
      isAlive(worker, nowMs) ? colors.green("online") : worker.isOnline ? colors.red("silent") : colors.dim("offline"),
      String(worker.active),
      String(worker.processed),
      colors.dim(worker.loadavg.map((load) => load.toFixed(2)).join(" ")),
    ]);
  const more = workers.length > mostWorkers ? [colors.dim(`and ${workers.length - mostWorkers} more`)] : [];
  return [...linesOf(workerColumns, rows, screen), ...more];
}

function taskLines(scene: Scene, screen: Screen, room: number): readonly string[] {
  const { colors } = screen;
  const selected = selectedTask(scene);
  if (selected === null)
    return [colors.dim("No task was heard of yet. Workers tell of tasks with -E, or after: celeriac control enable_events")];
  const fits = Math.max(1, room - 1);
  const first = Math.min(Math.max(0, selected.at - Math.floor(fits / 2)), Math.max(0, scene.tasks.length - fits));
  const rows = scene.tasks
    .slice(first, first + fits)
    .map((task) => [
      task === selected.task ? colors.bold(">") : " ",
      task === selected.task ? colors.bold(shown(task.name ?? "-")) : shown(task.name ?? "-"),
      painted(task.state, colors),
      shown(task.worker ?? "-"),
      colors.dim(age(Math.max(0, Math.floor(scene.nowMs / 1_000 - task.timestamp) * 1_000))),
      typeof task.fields["runtime"] === "number" ? age(task.fields["runtime"] * 1_000) : "",
      colors.dim(shown(task.uuid).slice(0, 8)),
      resultOf(task),
    ]);
  return linesOf(taskColumns, rows, screen);
}

function linesOf(columns: readonly Column[], rows: readonly (readonly string[])[], screen: Screen): readonly string[] {
  return table(columns, rows, screen).split("\n");
}

function painted(state: SeenState, colors: Colors): string {
  switch (state) {
    case "SUCCESS":
      return colors.green(state);
    case "FAILURE":
    case "REJECTED":
      return colors.red(state);
    case "STARTED":
      return colors.cyan(state);
    case "RETRY":
      return colors.yellow(state);
    case "SENT":
    case "RECEIVED":
    case "REVOKED":
      return colors.dim(state);
  }
}

function resultOf({ state, fields }: SeenTask): string {
  const told = state === "SUCCESS" ? fields["result"] : state === "FAILURE" || state === "RETRY" ? fields["exception"] : undefined;
  return told === undefined || told === null ? "" : shown(told);
}

const detailed = ["args", "kwargs", "result", "exception", "retries", "eta", "expires", "queue", "root_id", "parent_id"] as const;
const mostTraceback = 8;

/** All that is known of the selected task. */
function detailLines(scene: Scene, { colors, columns }: Screen): readonly string[] {
  const selected = selectedTask(scene);
  if (selected === null) return [];
  const { uuid, name, worker, fields } = selected.task;
  const facts: readonly (readonly [string, unknown])[] = [
    ["id", uuid],
    ["task", name],
    ["worker", worker],
    ...detailed.map((field) => [field, fields[field]] as const),
  ];
  const lines = facts
    .filter(([, value]) => value !== undefined && value !== null && value !== "")
    .map(([field, value]) => `  ${field.padEnd(10)}${shown(value)}`);
  const traceback = typeof fields["traceback"] === "string" ? whereItFailed(fields["traceback"]) : [];
  return ["", ...[...lines, ...traceback.map((line) => `  ${shown(line)}`)].map((line) => cut(line, columns)), ""].map((line) =>
    colors.reset(line),
  );
}

/** Python's tracebacks end where it failed, ours begin there. */
function whereItFailed(traceback: string): readonly string[] {
  const lines = traceback.trimEnd().split("\n");
  return traceback.startsWith("Traceback") ? lines.slice(-mostTraceback) : lines.slice(0, mostTraceback);
}

function cut(line: string, columns: number): string {
  return line.length <= columns ? line : `${line.slice(0, Math.max(0, columns - 1))}\u2026`;
}
