/** `celeriac schedules`: what is scheduled, and changes of it while beat runs. */
import { type App, clocked, crontab, every, type Schedule, type ScheduleEntry, type ScheduleOptions, type Step } from "@celeriac/core";
import { type AppRuntime, CeleriacError, callStep, nearest, type SignatureJson, scheduleStorePlace } from "@celeriac/core/runtime";
import type { CommandArguments } from "../command-table.ts";
import { exitCode } from "../exit-code.ts";
import { loadApp, refuseMemory } from "../load-app.ts";
import type { Output } from "../output.ts";
import { findSignatureFile, readSignatureFile } from "../signature-file.ts";
import { table } from "../table.ts";
import { age } from "../text.ts";
import { readWord } from "../words.ts";

type Arguments = CommandArguments<"schedules">;

interface Place {
  readonly app: App;
  readonly runtime: AppRuntime;
  readonly args: Arguments;
  readonly output: Output;
}

const actions: Readonly<Record<string, (place: Place) => Promise<void>>> = {
  list,
  add,
  pause: each(async ({ app }, name) => {
    await app.schedules.pause(name);
    return `${name} is paused: it is not due until it is resumed.`;
  }),
  resume: each(async ({ app }, name) => {
    await app.schedules.resume(name);
    return `${name} is not paused any more.`;
  }),
  remove: each(async ({ app }, name) => {
    await app.schedules.remove(name);
    return `${name} is removed.`;
  }),
  trigger: each(async ({ app }, name) => {
    const { id } = await app.schedules.trigger(name);
    return `${name} is sent as ${id}`;
  }),
};

/** Resolves with the exit code. Throws COMMAND_USAGE, SCHEDULE_*, BROKER_*, STORE_*, CONFIG_*, APP_NOT_FOUND. */
export async function schedules(args: Arguments, output: Output): Promise<number> {
  const { action, names } = args.positionals;
  const name = action ?? "list";
  const act = Object.hasOwn(actions, name) ? actions[name]! : null;
  if (act === null) throw new CeleriacError("COMMAND_USAGE", unknownAction(name));
  if (name !== "list" && names.length === 0) throw new CeleriacError("COMMAND_USAGE", `schedules ${name} needs the name of an entry`);
  const { app, runtime } = await loadApp(args.common.app, process.cwd());
  try {
    refuseMemory(scheduleStorePlace(runtime.settings).url, "its schedule is in beat's process");
    await runtime.loadIncludes();
    await act({ app, runtime, args, output });
    return exitCode.done;
  } finally {
    await app.close();
  }
}

function unknownAction(name: string): string {
  const near = nearest(name, Object.keys(actions));
  return `schedules cannot ${name}: ${near === null ? `expected ${Object.keys(actions).join(", ")}` : `did you mean ${near}?`}`;
}

/** One after another, each told of. */
function each(change: (place: Place, name: string) => Promise<string>): (place: Place) => Promise<void> {
  return async (place) => {
    const { args, output } = place;
    for (const name of args.positionals.names) output.result(await change(place, name), { entry: name, done: args.positionals.action });
  };
}

const columns = [
  ...[{ title: "ENTRY" }, { title: "TASK" }, { title: "SCHEDULE" }, { title: "FROM" }, { title: "STATE" }],
  ...[{ title: "RUNS", align: "right" } as const, { title: "LAST" }, { title: "NEXT" }],
];

async function list(place: Place): Promise<void> {
  const { app, args, output, runtime } = place;
  const { names } = args.positionals;
  if (names.length > 0) {
    for (const name of names) await showOne(place, name);
    return;
  }
  const entries: ScheduleEntry[] = [];
  for await (const entry of app.schedules.list()) entries.push(entry);
  if (output.json) return output.result("", { entries });
  if (entries.length === 0)
    return output.remark("Nothing is scheduled: declare an entry with app.schedule(), or add one: celeriac schedules add --help.");
  const now = runtime.clock.now();
  output.print(table(columns, entries.map(rowOf(now, output)), output));
}

function rowOf(now: number, { colors }: Output) {
  return ({ name, task, schedule, source, enabled, totalRuns, lastRunAt, nextRunAt }: ScheduleEntry): readonly string[] => [
    name,
    task,
    schedule,
    source,
    enabled ? "" : colors.yellow("paused"),
    String(totalRuns),
    lastRunAt === null ? colors.dim("-") : `${age(Math.max(0, now - lastRunAt.getTime()))} ago`,
    nextRunAt === null ? colors.dim("-") : nextRunAt.getTime() > now ? `in ${age(nextRunAt.getTime() - now)}` : "now",
  ];
}

async function showOne({ app, output, runtime }: Place, name: string): Promise<void> {
  const entry = await app.schedules.get(name);
  if (entry === null) throw new CeleriacError("SCHEDULE_UNKNOWN", `There is no entry ${JSON.stringify(name)} in the schedule`);
  const upcoming = await app.schedules.upcoming(name);
  if (output.json) return output.result("", { ...entry, upcoming });
  const now = runtime.clock.now();
  output.print(table(columns, [rowOf(now, output)(entry)], output));
  output.print("");
  if (upcoming.length === 0) output.print(entry.enabled ? "Not due any more." : "Not due while it is paused.");
  else output.print(dueTimes(upcoming, { now, zone: runtime.settings.timezone }, output));
}

/** Each as an instant, and as the clocks of the app's time zone show it. */
function dueTimes(dues: readonly Date[], { now, zone }: { readonly now: number; readonly zone: string }, output: Output): string {
  const wall = new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...wallParts });
  const rows = dues.map((due) => [due.toISOString(), ...(zone === "UTC" ? [] : [wall.format(due)]), `in ${age(due.getTime() - now)}`]);
  return table([{ title: "DUE" }, ...(zone === "UTC" ? [] : [{ title: zone }]), { title: "" }], rows, output);
}

const wallParts = {
  weekday: "short",
  day: "2-digit",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
} as const;

async function add(place: Place): Promise<void> {
  const { app, args, output } = place;
  const [name] = args.positionals.names;
  const { nextRunAt } = await app.schedules.upsert(name!, scheduleOf(args), await stepOf(place), optionsOf(args));
  const due = nextRunAt?.toISOString() ?? null;
  output.result(due === null ? `${name} is stored, and never due.` : `${name} is due at ${due}.`, { entry: name, nextRunAt: due });
}

async function stepOf({ app, args, output, runtime }: Place): Promise<Step<[], unknown>> {
  const [, task, ...words] = args.positionals.names;
  const { canvas, kwargs } = args.options;
  if (task === undefined && canvas !== null) return app.signature(await canvasIn(canvas));
  if (task === undefined || canvas !== null)
    throw new CeleriacError("COMMAND_USAGE", "schedules add needs the name of the entry, and that of its task or --canvas");
  if (runtime.registry.get(task) === undefined) output.remark(`No task ${task} is known here.`);
  return callStep(task, words.map(readWord), kwargs ?? {});
}

async function canvasIn(target: string): Promise<SignatureJson> {
  const file = findSignatureFile(target, "schedules add --canvas");
  if (file === null) throw new CeleriacError("COMMAND_USAGE", `schedules add --canvas: there is no file ${target}`);
  return await readSignatureFile(file, "schedules add --canvas");
}

function scheduleOf({ options }: Arguments): Schedule {
  const { every: interval, cron, at, relative, tz } = options;
  if ([interval, cron, at].filter((given) => given !== null).length !== 1)
    throw new CeleriacError("COMMAND_USAGE", "schedules add needs one of --every, --cron and --at");
  if (cron !== null) return crontab(cron, { tz: tz ?? undefined });
  return at !== null ? clocked(at) : every(interval!, { relative });
}

function optionsOf({ options }: Arguments): ScheduleOptions {
  const { queue, priority, expires, startAt, endAt, maxRuns, jitter, catchUp, deadline, overlap } = options;
  const given = Object.entries({ queue, priority, expires, startAt, endAt, maxRuns, jitter, catchUp, deadline, overlap });
  return Object.fromEntries(given.filter(([, value]) => value !== null)) as ScheduleOptions;
}
