/** From rows to plans: each row is checked, and so is what only several rows together say. Pure, but for whether a script is there. */
import { reasonOf } from "@celeriac/core/runtime";
import { circleIn } from "../definition/circle.ts";
import { isDagId } from "../definition/draw-dag.ts";
import { createTimetable } from "../timetable/create-timetable.ts";
import type { ControlRows } from "./control-tables.ts";
import { readProcesses } from "./read-processes.ts";
import { createRowReader, keyOf, type RowProblem, type TableRow } from "./row.ts";
import type { SchedulePlan, StreamPlan } from "./stream-plan.ts";

export interface StreamSurroundings {
  /** of a schedule that names none */
  readonly appZone: string;
  /** Why the file cannot be a script; null: it can. */
  scriptProblem(file: string): string | null;
  /** The code of the app has a DAG of this id. */
  isInCode(dagId: string): boolean;
}

export interface ReadStream {
  readonly name: string;
  /** one that is not has no DAG */
  readonly isEnabled: boolean;
  /** null where there are problems */
  readonly plan: StreamPlan | null;
  readonly problems: readonly RowProblem[];
  /** as JSON; null: there was none yet */
  readonly lastGood: string | null;
}

export interface ReadStreams {
  readonly streams: readonly ReadStream[];
  /** of rows that name a stream that is not there */
  readonly orphans: readonly RowProblem[];
}

export function readStreams(rows: ControlRows, around: StreamSurroundings): ReadStreams {
  const names = new Set(rows.stream.map(({ name }) => String(name)));
  const read = rows.stream.map((row) => readStream(row, rows, around, (name) => names.has(name) || around.isInCode(name)));
  return { streams: withoutCircles(read), orphans: orphansOf(rows, names) };
}

function readStream(row: TableRow, rows: ControlRows, around: StreamSurroundings, isThere: (stream: string) => boolean): ReadStream {
  const problems: RowProblem[] = [];
  const reader = createRowReader("stream", row, problems);
  const name = String(row["name"]);
  if (!isDagId(name)) reader.refuse("name", "expected up to 250 letters, digits, points, _ and -");
  if (around.isInCode(name)) reader.refuse("name", "the code of the app has a DAG of this id already");
  const ofStream = (of: readonly TableRow[]) => of.filter((each) => each["stream"] === row["name"]);
  const [schedule] = ofStream(rows.schedule);
  const plan: StreamPlan = {
    name,
    params: reader.json("params"),
    maxActiveRuns: reader.integer("max_active_runs", 1),
    schedule: schedule === undefined ? null : readSchedule(schedule, around.appZone, problems),
    processes: readProcesses(
      { process: ofStream(rows.process), process_group: ofStream(rows.process_group), dependency: ofStream(rows.dependency) },
      { scriptProblem: around.scriptProblem, isStream: isThere },
      problems,
    ),
  };
  const lastGood = row["last_good"];
  return {
    name,
    isEnabled: reader.flag("enabled"),
    plan: problems.length === 0 ? plan : null,
    problems,
    lastGood: typeof lastGood === "string" ? lastGood : null,
  };
}

function readSchedule(row: TableRow, appZone: string, problems: RowProblem[]): SchedulePlan | null {
  const reader = createRowReader("schedule", row, problems);
  const plan: SchedulePlan = {
    cron: reader.text("cron"),
    timezone: reader.textOrNull("timezone"),
    startAt: reader.instantOrNull("start_at"),
    endAt: reader.instantOrNull("end_at"),
    catchUp: reader.flag("catch_up"),
  };
  const zoneProblem = plan.timezone === null ? null : timetableProblem("@daily", plan.timezone);
  if (zoneProblem !== null) reader.refuse("timezone", zoneProblem);
  const cronProblem = plan.cron === "" || zoneProblem !== null ? null : timetableProblem(plan.cron, plan.timezone ?? appZone);
  if (cronProblem !== null) reader.refuse("cron", cronProblem);
  if (plan.catchUp && plan.startAt === null) reader.refuse("start_at", "catch_up needs it, to know since when");
  if (plan.startAt !== null && plan.endAt !== null && plan.endAt < plan.startAt) reader.refuse("end_at", "it is before start_at");
  return reader.flag("enabled") ? plan : null;
}

function timetableProblem(when: string, tz: string): string | null {
  try {
    createTimetable({ when, tz, timetable: "trigger" });
    return null;
  } catch (error) {
    return reasonOf(error);
  }
}

/** A stream that waits for itself, however many others lie between, would start runs without end. */
function withoutCircles(read: readonly ReadStream[]): readonly ReadStream[] {
  const waitsFor = new Map(read.map(({ name, plan }) => [name, streamsOf(plan)]));
  return read.map((stream) => {
    const circle = circleIn((name) => waitsFor.get(name) ?? [], stream.name);
    if (circle === null) return stream;
    const { name: process } = stream.plan!.processes.find(({ kind, command }) => kind === "stream" && command === circle[1])!;
    const message = `the streams wait for each other in a circle: ${circle.join(" → ")}`;
    const problem: RowProblem = { table: "process", key: { stream: stream.name, name: process }, column: "command", message };
    return { ...stream, plan: null, problems: [problem] };
  });
}

function streamsOf(plan: StreamPlan | null): readonly string[] {
  return plan === null ? [] : plan.processes.filter(({ kind }) => kind === "stream").map(({ command }) => command);
}

function orphansOf(rows: ControlRows, streams: ReadonlySet<string>): readonly RowProblem[] {
  return (["schedule", "process", "process_group", "dependency"] as const).flatMap((table) =>
    rows[table]
      .filter((row) => !streams.has(String(row["stream"])))
      .map((row) => ({ table, key: keyOf(table, row), column: "stream", message: "there is no such stream" })),
  );
}
