/**
 * The states of a task instance and what leads from one to the next, as in Airflow 3. Store, scheduler and runner change a state by an event of
 * this table only, and each change is bound to the states that the event may happen in.
 */
import { CeleriacError } from "@celeriac/core/runtime";
import { type InstanceState, instanceStates, isFinished } from "../states.ts";

type Moves = Readonly<Partial<Record<InstanceState, InstanceState>>>;

const decidable = ["none", "up_for_retry", "up_for_reschedule"] as const;
const handed = ["scheduled", "queued"] as const;
/** A deferred wait ends where somebody looks for it. */
const active = ["running", "deferred"] as const;

/** Of each event: from which state to which. */
const table = {
  /** all that it waits for is there, its rule says so: it wants a slot */
  schedule: to("scheduled", [...decidable, "deferred"]),
  /** its rule, a branch or a short circuit says that it will not run */
  pass_over: to("skipped", [...decidable, "scheduled"]),
  upstream_fail: to("upstream_failed", [...decidable, "scheduled"]),
  /** the scheduler gives it to an executor, in its pool */
  queue: to("queued", ["scheduled"]),
  /** it got stuck, or the executor lost it: once more */
  unqueue: to("scheduled", ["queued"]),
  /** a worker begins; one that is cleared at that moment begins all the same, and is told then */
  begin: to("running", ["queued", "restarting"]),
  succeed: to("success", [...active]),
  skip: to("skipped", [...active]),
  /** it ended, or its worker died, or nothing became of it, or it waited too long */
  fail: to("failed", [...active, "restarting", ...handed]),
  retry: to("up_for_retry", [...active, "restarting", ...handed]),
  reschedule: to("up_for_reschedule", ["running"]),
  /** its process is stopped, and the executor that has its message begins it elsewhere: the try goes on */
  hand_back: to("queued", ["running"]),
  defer: to("deferred", [...active]),
  /** somebody wants it to run again: one that runs has to be ended first */
  clear: { ...to("none", instanceStates), running: "restarting", restarting: "restarting" },
  /** what was cleared while it ran has ended */
  restart: to("none", ["restarting"]),
  /** its run took too long, or fails as a whole: what has not ended is skipped */
  give_up: to(
    "skipped",
    instanceStates.filter((state) => !isFinished(state)),
  ),
  /** it is in the DAG no more, or its list got shorter */
  remove: to(
    "removed",
    instanceStates.filter((state) => state !== "running" && state !== "restarting"),
  ),
  /** it is in the DAG again */
  restore: to("none", ["removed"]),
  mark_success: to("success", instanceStates),
  mark_failed: to("failed", instanceStates),
  mark_skipped: to("skipped", instanceStates),
} as const satisfies Record<string, Moves>;

export type InstanceEvent = keyof typeof table;

/** The state after it. Throws DAG_STATE where it cannot happen. */
export function transition(state: InstanceState, event: InstanceEvent): InstanceState {
  const next = table[event][state];
  if (next !== undefined) return next;
  throw new CeleriacError("DAG_STATE", `a task instance that is ${state} does not ${event}: expected ${statesBefore(event).join(", ")}`);
}

/** In which states it can happen: what a store's change is bound to. */
export function statesBefore(event: InstanceEvent): readonly InstanceState[] {
  return Object.keys(table[event]) as InstanceState[];
}

/** From what was stored. `shutdown`, of old Airflows, is `restarting`. null: no state of an instance. */
export function readState(text: string): InstanceState | null {
  if (text === "shutdown") return "restarting";
  return instanceStates.find((state) => state === text) ?? null;
}

function to(state: InstanceState, from: readonly InstanceState[]): Moves {
  return Object.freeze(Object.fromEntries(from.map((each) => [each, state])));
}
