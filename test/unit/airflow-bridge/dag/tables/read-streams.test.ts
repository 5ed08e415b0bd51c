/** Rows of streams: what becomes of them, and what is said of those that are wrong. */
import { expect, it } from "vitest";
import type { ControlRows } from "../../../../../packages/airflow-bridge/src/dag/tables/control-tables.ts";
import { drawStream } from "../../../../../packages/airflow-bridge/src/dag/tables/draw-stream.ts";
import { readStreams } from "../../../../../packages/airflow-bridge/src/dag/tables/read-streams.ts";
import { problemText, type TableRow } from "../../../../../packages/airflow-bridge/src/dag/tables/row.ts";

const stream = (name: string, row: TableRow = {}) => {
  return { name, description: "", enabled: true, params: "{}", max_active_runs: 16, last_good: null, ...row };
};
const process = (name: string, row: TableRow = {}) => ({
  ...{ stream: "a", name, kind: "bash", command: "true", params: "{}", retries: 0, retry_delay_seconds: 300 },
  ...{ timeout_seconds: null, pool: null, priority: 1, enabled: true },
  ...row,
});
const group = (name: string, member: string, priority: number | null = null) => ({ stream: "a", name, process: member, priority });
const depends = (name: string, on: string, of = "a") => ({ stream: of, process: name, depends_on: on });
const schedule = (row: TableRow = {}) => {
  return { stream: "a", cron: "@daily", timezone: null, start_at: null, end_at: null, catch_up: false, enabled: true, ...row };
};

function rowsOf(rows: Partial<ControlRows>): ControlRows {
  return { stream: [stream("a")], schedule: [], process: [], process_group: [], dependency: [], ...rows };
}

const around = {
  appZone: "UTC",
  scriptProblem: (file: string) => (file === "there.ts" ? null : `there is no script ${file}`),
  isInCode: (dagId: string) => dagId === "code",
};

const read = (rows: Partial<ControlRows>) => readStreams(rowsOf(rows), around);
const problems = (rows: Partial<ControlRows>) => read(rows).streams.flatMap((each) => each.problems.map(problemText));

function modelOf(rows: Partial<ControlRows>) {
  const { plan } = read(rows).streams[0]!;
  // As it is when the tables have kept it.
  return drawStream(JSON.parse(JSON.stringify(plan)) as NonNullable<typeof plan>, {
    scripts: new URL("file:///scripts/"),
    appZone: "UTC",
    log: null,
  }).model;
}

it("makes a DAG of a stream, a group of a group, and weights of priorities", () => {
  const model = modelOf({
    stream: [stream("a", { params: '{"city": "Oslo"}', max_active_runs: 2 })],
    schedule: [schedule({ cron: "30 2 * * *", timezone: "Europe/Berlin", start_at: "2026-03-28T00:00:00Z", catch_up: 1 })],
    process: [
      process("extract"),
      process("load", { kind: "script", command: "there.ts", retries: 2, timeout_seconds: 60, priority: 7 }),
      process("alone"),
    ],
    process_group: [group("eu", "extract"), group("eu", "load"), group("us", "extract", 5), group("us", "load")],
    dependency: [depends("load", "extract"), depends("alone", "load")],
  });
  expect(model).toMatchObject({
    id: "a",
    schedule: { when: "30 2 * * *", tz: "Europe/Berlin" },
    startAt: Date.UTC(2026, 2, 28),
    catchUp: true,
    maxActiveRuns: 2,
    params: { city: "Oslo" },
    groups: [{ id: "eu" }, { id: "us" }],
  });
  const told = [...model.tasks.values()].map(({ id, upstream, options }) => [id, upstream, options.priorityWeight] as const);
  expect(told.toSorted()).toEqual([
    ["alone", ["eu.load", "us.load"], 1],
    ["eu.extract", [], 1],
    ["eu.load", ["eu.extract"], 7],
    ["us.extract", [], 5],
    ["us.load", ["us.extract"], 7],
  ]);
  expect(model.tasks.get("eu.load")!.options).toMatchObject({ retries: 2, executionTimeoutMs: 60_000, weightRule: "absolute" });
});

it("leaves a process out that is not enabled, and its followers wait for what it would have waited for", () => {
  const model = modelOf({
    process: [process("one"), process("two", { enabled: 0, kind: "script", command: "gone.ts" }), process("three")],
    dependency: [depends("two", "one"), depends("three", "two")],
  });
  expect([...model.tasks.values()].map(({ id, upstream }) => [id, upstream])).toEqual([
    ["one", []],
    ["three", ["one"]],
  ]);
});

it("starts a stream with the date of the run that waits, unless the row has another", () => {
  const inputsOf = (params: string) =>
    modelOf({
      stream: [stream("a"), stream("b")],
      process: [process("wait", { kind: "stream", command: "b", params })],
    }).tasks.get("wait")!;
  expect(inputsOf('{"pieces": 3}')).toMatchObject({
    operator: "trigger",
    inputs: [
      { kind: "run", key: "logicalDate" },
      { kind: "value", value: 3 },
    ],
  });
  expect(inputsOf('{"logicalDate": "2026-03-01"}').inputs).toMatchObject([{ kind: "value", value: "2026-03-01" }]);
});

it("has no schedule where its row is not enabled, and no DAG for one that is not", () => {
  expect(modelOf({ schedule: [schedule({ enabled: false })] }).schedule.when).toBeNull();
  expect(read({ stream: [stream("a", { enabled: 0 })] }).streams).toMatchObject([{ isEnabled: false }]);
});

it.each<readonly [string, Partial<ControlRows>, readonly string[]]>([
  [
    "a process that is not there",
    { process: [process("load")], dependency: [depends("load", "extrakt"), depends("loda", "load")] },
    [
      'dependency (stream "a", process "load", depends_on "extrakt"), column depends_on: the stream has no process "extrakt"',
      'dependency (stream "a", process "loda", depends_on "load"), column process: the stream has no process "loda": did you mean "load"?',
    ],
  ],
  [
    "a process that depends on itself",
    { process: [process("load")], dependency: [depends("load", "load")] },
    ['dependency (stream "a", process "load", depends_on "load"), column depends_on: a process cannot depend on itself'],
  ],
  [
    "a circle, once",
    { process: ["x", "y", "z"].map((name) => process(name)), dependency: [depends("x", "z"), depends("y", "x"), depends("z", "y")] },
    [
      'dependency (stream "a", process "x", depends_on "z"), column depends_on: the processes wait for each other in a circle: x → z → y → x',
    ],
  ],
  [
    "a wrong expression, by its field",
    { schedule: [schedule({ cron: "0 25 * * *" })] },
    [expect.stringMatching(/^schedule \(stream "a"\), column cron: .*hour.*25/)],
  ],
  ["a time zone", { schedule: [schedule({ timezone: "Europe/Berlni" })] }, [expect.stringMatching(/column timezone: .*Berlni/)]],
  [
    "catch-up since nobody knows when",
    { schedule: [schedule({ catch_up: 1 })] },
    ['schedule (stream "a"), column start_at: catch_up needs it, to know since when'],
  ],
  [
    "a time that is none",
    { schedule: [schedule({ start_at: "tomorrow" })] },
    ['schedule (stream "a"), column start_at: expected an instant, such as "2030-01-01T08:00:00Z", got "tomorrow"'],
  ],
  [
    "a script and a stream that are not there",
    { process: [process("load", { kind: "script", command: "gone.ts" }), process("wait", { kind: "stream", command: "b" })] },
    [
      'process (stream "a", name "load"), column command: there is no script gone.ts',
      'process (stream "a", name "wait"), column command: there is no stream "b"',
    ],
  ],
  [
    "values of the wrong type, which SQLite takes",
    { process: [process("load", { kind: "java", retries: "many", params: "[1]", enabled: "yes" })] },
    [
      'process (stream "a", name "load"), column params: expected a JSON object, got "[1]"',
      'process (stream "a", name "load"), column retries: expected a whole number, 0 or more, got "many"',
      'process (stream "a", name "load"), column enabled: expected true or false, got "yes"',
      'process (stream "a", name "load"), column kind: expected script, bash, stream',
    ],
  ],
  [
    "a group and a process of one name, and a name that no task can have",
    { process: [process("load"), process("a.b")], process_group: [group("load", "load")] },
    [
      'process_group (stream "a", name "load", process "load"), column name: a process of the stream is called load, too: a group needs another name',
      'process (stream "a", name "a.b"), column name: expected up to 200 letters, digits, _ and -, got "a.b"',
    ],
  ],
  [
    "a DAG of the code",
    { stream: [stream("code")] },
    ['stream (name "code"), column name: the code of the app has a DAG of this id already'],
  ],
])("names the row of %s", (_what, rows, expected) => {
  expect(problems(rows)).toEqual(expected);
});

it("names streams that wait for each other in a circle, and leaves the others alone", () => {
  const waits = (of: string, forStream: string) => process("wait", { stream: of, kind: "stream", command: forStream });
  const { streams } = read({
    stream: ["a", "b", "c"].map((name) => stream(name)),
    process: [waits("a", "b"), waits("b", "a"), waits("c", "a")],
  });
  expect(streams.map((each) => [each.name, each.plan !== null, each.problems.map(problemText)])).toEqual([
    ["a", false, ['process (stream "a", name "wait"), column command: the streams wait for each other in a circle: a → b → a']],
    ["b", false, ['process (stream "b", name "wait"), column command: the streams wait for each other in a circle: b → a → b']],
    ["c", true, []],
  ]);
});

it("names rows of a stream that is not there", () => {
  expect(read({ process: [process("load", { stream: "gone" })] }).orphans.map(problemText)).toEqual([
    'process (stream "gone", name "load"), column stream: there is no such stream',
  ]);
});
