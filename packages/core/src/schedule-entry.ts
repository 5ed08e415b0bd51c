/** An entry of the schedule as a project writes it: checked, and turned into what is stored. */
import { type CallOptions, checkCallOptions } from "./call.ts";
import { kindOf, taskJson } from "./canvas/composite.ts";
import { endsInGroup } from "./canvas/join.ts";
import { outlineOf } from "./canvas/outline.ts";
import { everywhere } from "./canvas/reach.ts";
import { createSignature } from "./canvas/signature.ts";
import { type Duration, durationMs } from "./duration.ts";
import { CeleriacError } from "./errors.ts";
import { instantMs } from "./instant.ts";
import { checkOptions, isCount, isDate, isDuration, isFlag, isText, type OptionCheck } from "./option-check.ts";
import { isSchedule, isStorable, type Schedule } from "./schedule.ts";
import { shownValue } from "./setting.ts";
import type { SignatureJson } from "./step.ts";
import type { CatchUp, EntryDefinition, Overlap } from "./stored-entry.ts";

/** Those of a call are, of a composite, what `set()` of its signature would make of them. */
export interface ScheduleOptions extends Pick<CallOptions, "queue" | "priority" | "expires" | "headers"> {
  /** false: it is kept, and never due */
  readonly enabled?: boolean | undefined;
  /** not due before; an interval begins then */
  readonly startAt?: Date | undefined;
  /** not due after */
  readonly endAt?: Date | undefined;
  /** sent so many times at most */
  readonly maxRuns?: number | undefined;
  /** Each is sent up to so much later than it is due, by chance. */
  readonly jitter?: Duration | undefined;
  /** What of the due times that passed while no beat ran is sent: the last one (unless told), all of them, or none that is more than 30 s old. */
  readonly catchUp?: CatchUp | undefined;
  /** Nothing is sent that was due longer ago; the app's `beatCronStartingDeadline` for a crontab unless told, else there is no limit. */
  readonly deadline?: Duration | undefined;
  /** Where the task of the last due time has not ended: send all the same (unless told), skip this due time, or end that task first. Needs a result backend other processes can read. */
  readonly overlap?: Overlap | undefined;
}

/** An entry of the app's own code. */
export interface DeclaredEntry {
  readonly definition: EntryDefinition;
  /** as it was given: one of the project's own cannot be stored */
  readonly schedule: Schedule;
}

const catchUps: readonly unknown[] = ["skip", "last", "all"] satisfies readonly CatchUp[];
const overlaps: readonly unknown[] = ["allow", "skip", "cancel"] satisfies readonly Overlap[];

const checks: Readonly<Record<keyof ScheduleOptions, OptionCheck>> = {
  // What a call takes is checked where every call is.
  queue: () => true,
  priority: () => true,
  expires: () => true,
  headers: () => true,
  enabled: isFlag,
  startAt: isDate,
  endAt: isDate,
  maxRuns: isCount,
  jitter: isDuration,
  catchUp: (value) => catchUps.includes(value),
  deadline: isDuration,
  overlap: (value) => overlaps.includes(value),
};

/** Throws SCHEDULE_INVALID, CONFIG_UNKNOWN, CONFIG_INVALID, CONFIG_DURATION. */
export function declareEntry(name: string, when: Schedule, what: SignatureJson, options: ScheduleOptions = {}): DeclaredEntry {
  if (!isText(name)) throw new CeleriacError("SCHEDULE_INVALID", `An entry's name is a text, got ${shownValue(name)}`);
  const refusal = (problem: string) => new CeleriacError("SCHEDULE_INVALID", `Entry ${JSON.stringify(name)}: ${problem}`);
  if (!isSchedule(when)) throw refusal(`expected a schedule, as every(), crontab(), solar() or clocked() make it, got ${shownValue(when)}`);
  refuseIds(what, refusal);
  checkOptions(`entry ${name}`, checks, options, (option, value) => refusal(`option ${option} cannot be ${shownValue(value)}`));
  const { startAt, endAt, deadline, overlap = "allow" } = options;
  if (overlap !== "allow" && endsInGroup(what))
    throw refusal(`overlap ${shownValue(overlap)} looks for one result, and this ends in a group, which has many: pipe() it into a task`);
  const schedule = isStorable(when) ? when.toJSON() : ({ kind: "custom", text: String(when) } as const);
  return {
    schedule: when,
    definition: Object.freeze({
      name,
      schedule,
      call: storedCall(what, options),
      enabled: options.enabled ?? true,
      startAt: startAt === undefined ? null : instantMs(startAt, "startAt"),
      endAt: endAt === undefined ? null : instantMs(endAt, "endAt"),
      maxRuns: options.maxRuns ?? null,
      jitterMs: durationMs(options.jitter ?? 0, "jitter"),
      catchUp: options.catchUp ?? "last",
      deadlineMs: deadline === undefined ? null : durationMs(deadline, "deadline"),
      overlap,
    }),
  };
}

/** Each due time sends tasks of its own. Of a task alone the id is the entry's to give. */
function refuseIds(what: SignatureJson, refusal: (problem: string) => Error): void {
  if (kindOf(what) === null) return;
  everywhere(what, (part) => {
    const id = part.options?.["task_id"];
    if (id === undefined || id === null) return part;
    throw refusal(`${outlineOf(what)} has the id ${shownValue(id)} already, by freeze() or taskId, and would be the same tasks each time`);
  });
}

/** Later options win over those of the signature. */
function storedCall(what: SignatureJson, { queue, priority, expires, headers }: ScheduleOptions): EntryDefinition["call"] {
  const given = [queue, priority, expires, headers].some((each) => each !== undefined);
  const own = given ? optionsOnWire(what.task, { queue, priority, expires, headers }).options : {};
  const call = kindOf(what) === null ? taskJson(what.task, what.args, what.kwargs, true) : what;
  // As it will be read again: what cannot be written is told now.
  return JSON.parse(JSON.stringify({ ...call, options: { ...what.options, ...own } })) as EntryDefinition["call"];
}

/** Call options in the names of Celery's signatures. Throws CONFIG_UNKNOWN, CONFIG_INVALID, CONFIG_DURATION. */
export function optionsOnWire(task: string, options: CallOptions): SignatureJson {
  checkCallOptions(task, options);
  const refuse = (): never => {
    throw new CeleriacError("SCHEDULE_INVALID", `${task} is only written down here`);
  };
  const writer = createSignature({ send: refuse, sendComposite: refuse, handle: refuse }, taskJson(task, [], {}, true));
  return writer.set(options).toJSON() as unknown as SignatureJson;
}
