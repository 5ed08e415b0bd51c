/** What operators have paused, in one store of each broker that all workers see: queues by their names, tasks by their names behind a sign. Ground floor, imports nothing. */

/** Queues, or tasks, that stand still for all workers of ours until they are resumed, wherever these run and however often they start anew. */
export interface Pausing {
  /** Heeded within 2 s, and before anything is taken by whoever starts later. What workers hold goes on. Python's workers do not know of it. */
  pause(name: string): Promise<void>;
  /** Harmless when it is not paused. */
  resume(name: string): Promise<void>;
  /** Those of the names that are paused. */
  paused(names: readonly string[]): Promise<ReadonlySet<string>>;
}

/** The store of one broker; its errors are the broker's. */
export interface PauseStore {
  add(entry: string): Promise<void>;
  remove(entry: string): Promise<void>;
  /** Those of the entries that are there. */
  of(entries: readonly string[]): Promise<ReadonlySet<string>>;
}

/** Ends in kombu's separator, which no queue has in its name. */
const taskSign = "task\x06\x16";

export function isPausedTask(entry: string): boolean {
  return entry.startsWith(taskSign);
}

export function pausingQueues(store: PauseStore): Pausing {
  return { pause: (queue) => store.add(queue), resume: (queue) => store.remove(queue), paused: (queues) => store.of(queues) };
}

export function pausingTasks(store: PauseStore): Pausing {
  return {
    pause: (task) => store.add(taskSign + task),
    resume: (task) => store.remove(taskSign + task),
    async paused(tasks) {
      const entries = await store.of(tasks.map((task) => taskSign + task));
      return new Set(tasks.filter((task) => entries.has(taskSign + task)));
    },
  };
}
