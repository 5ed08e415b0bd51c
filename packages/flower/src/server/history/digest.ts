/** A turn's events and what was known before → what is to be written, and what is to be told to those who follow. Pure, for every driver. */
import type { HeardEvent, HeardTaskEvent } from "./heard-event.ts";
import { merge } from "./merge.ts";
import { type SliceIncrement, Tally } from "./tally.ts";
import type { TaskRecord } from "./task-record.ts";
import { type KnownWorker, mergeWorker } from "./worker-merge.ts";

export interface Known {
  task(uuid: string): TaskRecord | null;
  worker(hostname: string): KnownWorker | null;
  /** false: it is in the history already, for another monitor has heard it too. */
  isNew(event: HeardTaskEvent): boolean;
}

export interface Digest {
  /** as they are now, in the order in which they were heard of first */
  readonly tasks: ReadonlyMap<string, TaskRecord>;
  readonly workers: ReadonlyMap<string, KnownWorker>;
  readonly increments: readonly SliceIncrement[];
  /** each event of a task, and the task as it is after it */
  readonly told: readonly (readonly [event: HeardTaskEvent, task: TaskRecord])[];
}

/** What is counted of a task whose end was found out elsewhere. */
export function foundEnd(task: TaskRecord, now: number): readonly SliceIncrement[] {
  const tally = new Tally();
  tally.addFound(task, now);
  return tally.increments;
}

/** `now`: epoch seconds. */
export function digest(events: readonly HeardEvent[], known: Known, now: number): Digest {
  const tasks = new Map<string, TaskRecord>();
  const workers = new Map<string, KnownWorker>();
  const told: [HeardTaskEvent, TaskRecord][] = [];
  const tally = new Tally();
  for (const event of events) {
    const isNew = event.kind === "task" ? known.isNew(event) : true;
    if (event.kind === "task") {
      const before = tasks.get(event.uuid) ?? known.task(event.uuid);
      const task = isNew || before === null ? merge(before, event) : before;
      tasks.set(event.uuid, task);
      told.push([event, task]);
      if (isNew) tally.add(event, before, task, now);
    }
    // A producer is no worker.
    if (event.kind === "task" && event.subject === "sent") continue;
    const worker = workers.get(event.hostname) ?? known.worker(event.hostname);
    const isCounted = event.kind === "task" ? isNew : worker === null || event.timestamp > worker.heardAt;
    const merged = mergeWorker(worker, event, isCounted);
    if (merged !== null) workers.set(event.hostname, merged);
  }
  return { tasks, workers, increments: tally.increments, told };
}
