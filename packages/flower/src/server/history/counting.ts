/** What metrics count, between two changes: events that say the same of the same task name and worker are told as one. */
import type { HeardTaskEvent } from "./heard-event.ts";
import type { CountedEvent } from "./history.ts";
import { waitOf } from "./tally.ts";
import type { TaskRecord } from "./task-record.ts";

export class Counting {
  #counted = new Map<string, CountedEvent>();
  #runs = 0;

  /** `task`: as it is after the event. */
  add({ type, subject, hostname, fields }: HeardTaskEvent, task: TaskRecord): void {
    const told = fields["runtime"];
    const runtime = typeof told === "number" && told > 0 ? told : null;
    const facts = { type, task: task.name ?? "", worker: hostname, runtime, hasEta: task.eta !== null };
    const prefetch = subject === "started" ? waitOf(task) : null;
    this.#put({ ...facts, prefetch, count: 1 });
  }

  addAll(other: Counting): void {
    for (const counted of other.#counted.values()) this.#put(counted);
  }

  #put(counted: CountedEvent): void {
    const { type, task, worker, hasEta, runtime } = counted;
    const key = `${type}\n${task}\n${worker}\n${hasEta}${runtime === null ? "" : `\n${this.#runs++}`}`;
    const before = this.#counted.get(key);
    // What was heard last stands last: a gauge keeps what it is set to last.
    this.#counted.delete(key);
    this.#counted.set(key, {
      ...counted,
      prefetch: counted.prefetch ?? before?.prefetch ?? null,
      count: counted.count + (before?.count ?? 0),
    });
  }

  /** All since it was asked before. */
  take(): readonly CountedEvent[] {
    const counted = [...this.#counted.values()];
    this.#counted = new Map();
    return counted;
  }
}
