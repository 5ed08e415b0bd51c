/** `app.schedules`: the entries of the schedule while it runs, those of the code and those that were added; kept in the store that beat reads. */
import type { AppRuntime } from "./app-runtime.ts";
import { hasChord } from "./canvas/composite.ts";
import { outlineOf } from "./canvas/outline.ts";
import { CeleriacError } from "./errors.ts";
import { comingDues, nextDue } from "./next-due.ts";
import { countsChords, resultUrlOf } from "./open.ts";
import type { AsyncResult } from "./result.ts";
import { isStorable, type Schedule } from "./schedule.ts";
import { type DeclaredEntry, declareEntry, type ScheduleOptions } from "./schedule-entry.ts";
import { pagesOf, type ScheduleStore } from "./schedule-store.ts";
import { sendScheduled } from "./scheduled-call.ts";
import { storedSchedule } from "./schedules/stored.ts";
import type { Sender } from "./sender.ts";
import { type Step, stepJson } from "./step.ts";
import type { EntryDefinition, EntrySource, StoredEntry } from "./stored-entry.ts";

export interface ScheduleEntry {
  readonly name: string;
  /** the name of its task; of a composite those of its tasks, as in `a | group(b, c)` */
  readonly task: string;
  /** in words */
  readonly schedule: string;
  /** "code": declared by the app, which a deploy may change; "runtime": added while it ran */
  readonly source: EntrySource;
  /** false: paused, or declared so */
  readonly enabled: boolean;
  /** when it was last sent */
  readonly lastRunAt: Date | null;
  /** null: never again, or not while it is paused; and for a schedule of the project's own where its code is not loaded */
  readonly nextRunAt: Date | null;
  readonly totalRuns: number;
}

/** All throw SCHEDULE_STORE_MISSING, CONFIG_URL, BROKER_*, STORE_*, APP_CLOSED. */
export interface Schedules {
  /** Adds an entry, or replaces one that was added so; what it has run stays. Beat heeds it within a second. Throws SCHEDULE_INVALID, SCHEDULE_DECLARED. */
  upsert(name: string, when: Schedule, what: Step<[], unknown>, options?: ScheduleOptions): Promise<ScheduleEntry>;
  get(name: string): Promise<ScheduleEntry | null>;
  /** By name. */
  list(): AsyncIterable<ScheduleEntry>;
  /** The next due times, ten unless told; none while it is paused. Throws SCHEDULE_UNKNOWN. */
  upcoming(name: string, count?: number): Promise<readonly Date[]>;
  /** Not due until it is resumed; a deploy does not change that. Throws SCHEDULE_UNKNOWN. */
  pause(name: string): Promise<void>;
  /** What would have been due meanwhile is not caught up with. Throws SCHEDULE_UNKNOWN. */
  resume(name: string): Promise<void>;
  /** Throws SCHEDULE_UNKNOWN, and SCHEDULE_DECLARED for an entry of the code. */
  remove(name: string): Promise<void>;
  /** Sends it now, out of turn, whether it is paused or not; its due times stay as they are. Throws SCHEDULE_UNKNOWN, PUBLISH_*. */
  trigger(name: string): Promise<AsyncResult<unknown>>;
}

export function createSchedules(runtime: AppRuntime, sender: Sender): Schedules {
  /** What is stored, and what the code declares and no beat has stored yet. */
  async function all(store: ScheduleStore): Promise<readonly StoredEntry[]> {
    const stored = new Map<string, StoredEntry>();
    for await (const { entries, removed } of pagesOf(store.read, 0)) {
      for (const name of removed) stored.delete(name);
      for (const entry of entries) stored.set(entry.definition.name, entry);
    }
    const unstored = [...runtime.schedule.values()].filter(({ definition }) => !stored.has(definition.name));
    return [...stored.values(), ...unstored.map(unrun)];
  }

  async function find(store: ScheduleStore, name: string): Promise<StoredEntry | null> {
    const declared = runtime.schedule.get(name);
    return (await store.find(name)) ?? (declared === undefined ? null : unrun(declared));
  }

  function unrun({ definition }: DeclaredEntry): StoredEntry {
    const since = runtime.clock.now();
    return { source: "code", definition, paused: false, since, lastDueAt: null, lastSentAt: null, lastTaskId: null, runs: 0 };
  }

  async function setPaused(name: string, paused: boolean): Promise<void> {
    const store = await runtime.scheduleStore();
    if (await store.setPaused(name, paused)) return;
    const declared = runtime.schedule.get(name);
    if (declared === undefined) throw unknown(name);
    await store.put("code", [declared.definition]);
    await store.setPaused(name, paused);
  }

  return {
    async upsert(name, when, what, options) {
      const declaration = declareEntry(name, when, stepJson(what), options);
      refuseUnseen(runtime.settings, declaration);
      const { definition } = declaration;
      if (!isStorable(when))
        throw new CeleriacError(
          "SCHEDULE_INVALID",
          `Entry ${JSON.stringify(name)}: a schedule of your own cannot be stored: declare it in code, with app.schedule()`,
        );
      const store = await runtime.scheduleStore();
      const refused = runtime.schedule.has(name) ? [name] : await store.put("runtime", [definition]);
      if (refused.length > 0) throw declared(name);
      const stored = await find(store, name);
      if (stored === null) throw unknown(name);
      return entryOf(runtime, stored);
    },
    async get(name) {
      const stored = await find(await runtime.scheduleStore(), name);
      return stored === null ? null : entryOf(runtime, stored);
    },
    async *list() {
      const entries = await all(await runtime.scheduleStore());
      const byName = (one: StoredEntry, other: StoredEntry) => (one.definition.name < other.definition.name ? -1 : 1);
      for (const entry of [...entries].sort(byName)) yield entryOf(runtime, entry);
    },
    async upcoming(name, count = 10) {
      const stored = await find(await runtime.scheduleStore(), name);
      if (stored === null) throw unknown(name);
      const schedule = scheduleOf(runtime, stored.definition);
      if (schedule === null) return [];
      return comingDues({ ...stored, schedule }, runtime.clock.now(), count).map((due) => new Date(due));
    },
    pause: (name) => setPaused(name, true),
    resume: (name) => setPaused(name, false),
    async remove(name) {
      const store = await runtime.scheduleStore();
      if (await store.remove("runtime", name)) return;
      throw (await find(store, name)) === null ? unknown(name) : declared(name);
    },
    async trigger(name) {
      const own = runtime.schedule.get(name)?.definition;
      const definition = own ?? (await find(await runtime.scheduleStore(), name))?.definition;
      if (definition === undefined) throw unknown(name);
      return await sendScheduled(sender, definition, { dueAt: null });
    },
  };
}

/** Who is not to overlap has to know how the task before ended, and a chord is counted. Throws SCHEDULE_INVALID, RESULT_CHORDS. */
export function refuseUnseen(settings: AppRuntime["settings"], { definition: { name, overlap, call } }: DeclaredEntry): void {
  const needsNone = overlap === "allow" && !hasChord(call);
  if (needsNone || countsChords(settings)) return;
  const where = resultUrlOf(settings) === "disabled" ? "disabled" : "sent to their caller by rpc://";
  if (hasChord(call))
    throw new CeleriacError(
      "RESULT_CHORDS",
      `Entry ${JSON.stringify(name)}: a chord is counted in the result backend, and results are ${where}: name another backend`,
    );
  throw new CeleriacError(
    "SCHEDULE_INVALID",
    `Entry ${JSON.stringify(name)}: overlap ${JSON.stringify(overlap)} needs a result backend that every beat can read, and results are ${where}`,
  );
}

function unknown(name: string): CeleriacError {
  return new CeleriacError("SCHEDULE_UNKNOWN", `There is no entry ${JSON.stringify(name)} in the schedule`);
}

function declared(name: string): CeleriacError {
  return new CeleriacError(
    "SCHEDULE_DECLARED",
    `Entry ${JSON.stringify(name)} is declared by the app's code: change it there, or pause it here`,
  );
}

/** The schedule of an entry; null for one of the project's own that this process does not have. Throws SCHEDULE_INVALID for what this machine cannot read. */
export function scheduleOf(runtime: Pick<AppRuntime, "schedule" | "settings">, definition: EntryDefinition): Schedule | null {
  const { name, schedule } = definition;
  const { timezone } = runtime.settings;
  const declared = runtime.schedule.get(name);
  if (schedule.kind === "custom") return declared?.schedule ?? null;
  // What the code made goes by UTC where it names no zone.
  const isMade = declared?.definition === definition && (schedule.kind !== "crontab" || schedule.tz !== null || timezone === "UTC");
  return isMade ? declared.schedule : storedSchedule(schedule, timezone);
}

function entryOf(runtime: AppRuntime, stored: StoredEntry): ScheduleEntry {
  const { definition, paused, lastSentAt, runs, source } = stored;
  const schedule = scheduleOf(runtime, definition);
  return {
    name: definition.name,
    task: outlineOf(definition.call),
    schedule: schedule === null ? (definition.schedule.kind === "custom" ? definition.schedule.text : "") : String(schedule),
    source,
    enabled: definition.enabled && !paused,
    lastRunAt: dateOf(lastSentAt),
    nextRunAt: schedule === null ? null : dateOf(nextDue({ ...stored, schedule })),
    totalRuns: runs,
  };
}

function dateOf(epochMs: number | null): Date | null {
  return epochMs === null ? null : new Date(epochMs);
}
