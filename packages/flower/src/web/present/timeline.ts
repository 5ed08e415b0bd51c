/** The life of a task as steps with what lay between them, out of its times; and the attempts out of its events. Pure. */
import type { TaskRow, TaskView } from "../../shared/contract.ts";
import { lookOf, type StateLook } from "./state-look.ts";

export interface Step {
  readonly title: string;
  readonly look: StateLook;
  /** epoch seconds; null: it has not happened, or nobody said */
  readonly at: number | null;
  /** seconds since the step before that has a time */
  readonly since: number | null;
  /** what that time was: "waited in the queue" */
  readonly between: string | null;
}

const finalStates = new Set(["SUCCESS", "FAILURE", "REVOKED", "REJECTED"]);

export function isOver({ state, lost }: Pick<TaskRow, "state" | "lost">): boolean {
  return lost || finalStates.has(state);
}

export function stepsOf(task: TaskRow): readonly Step[] {
  const steps = [
    { title: "Sent", look: lookOf("PENDING"), at: task.sent, between: null },
    { title: "Received", look: lookOf("RECEIVED"), at: task.received, between: "in the queue" },
    { title: "Started", look: lookOf("STARTED"), at: task.started, between: "in the worker" },
    endOf(task),
  ];
  let before: number | null = null;
  return steps.map(({ title, look, at, between }) => {
    const since = at === null || before === null ? null : Math.max(0, at - before);
    before = at ?? before;
    return { title, look, at, since, between };
  });
}

function endOf(task: TaskRow): Omit<Step, "since"> {
  if (task.lost) return { title: "Lost", look: { word: "Lost", tone: "bad", icon: "warn" }, at: task.ended, between: null };
  const look = lookOf(task.state);
  if (isOver(task)) return { title: look.word, look, at: task.ended, between: task.started === null ? null : "running" };
  if (task.state === "RETRY") return { title: "Tries again", look, at: task.timestamp, between: "running" };
  return { title: "Ends", look: { word: "Ends", tone: "idle", icon: "dotted" }, at: null, between: null };
}

export interface Attempt {
  /** from 1 */
  readonly number: number;
  readonly startedAt: number | null;
  readonly endedAt: number;
  readonly worker: string;
  /** "retried", "failed", "succeeded" */
  readonly outcome: string;
  readonly exception: string | null;
}

const ends: Readonly<Record<string, string>> = { "task-retried": "RETRY", "task-failed": "FAILURE", "task-succeeded": "SUCCESS" };

/** Every try that has ended, oldest first. */
export function attemptsOf({ events }: Pick<TaskView, "events">): readonly Attempt[] {
  const attempts: Attempt[] = [];
  let startedAt: number | null = null;
  for (const { type, timestamp, hostname, fields } of events) {
    if (type === "task-started") startedAt = timestamp;
    const outcome = ends[type];
    if (outcome === undefined) continue;
    const exception = (fields as Readonly<Record<string, unknown>>)["exception"];
    attempts.push({
      number: attempts.length + 1,
      startedAt,
      endedAt: timestamp,
      worker: hostname,
      outcome,
      exception: typeof exception === "string" ? exception : null,
    });
    startedAt = null;
  }
  return attempts;
}
