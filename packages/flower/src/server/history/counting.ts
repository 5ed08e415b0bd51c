/** What metrics count, between two changes: events that say the same of the same task name and worker are told as one. */
import type { HeardTaskEvent } from "./heard-event.ts";
import type { CountedEvent } from "./history.ts";
import { waitOf } from "./tally.ts";
import type { TaskRecord } from "./task-record.ts";

export class Counting {
  /** of those that tell how long it ran, each under a number of its own */
  #counted = new Map<string | number, CountedEvent>();
  #runs = 0;

  /** `task`: as it is after the event. */
  add({ type, subject, hostname, fields }: HeardTaskEvent, task: TaskRecord): void {
    const told = fields["runtime"];
    const runtime = typeof told === "number" && told > 0 ? told : null;
    const prefetch = subject === "started" ? waitOf(task) : null;
    const hasEta = task.eta !== null;
    const name = task.name ?? "";
    const key = runtime === null ? `${type}\n${name}\n${hostname}\n${hasEta}` : this.#runs++;
    const before = this.#counted.get(key);
    // What was heard last stands last: a gauge keeps what it is set to last.
    if (before !== undefined) this.#counted.delete(key);
    const facts = { type, task: name, worker: hostname, runtime, hasEta, prefetch: prefetch ?? before?.prefetch ?? null };
    this.#counted.set(key, { ...facts, count: (before?.count ?? 0) + 1 });
  }

  /** All since it was asked before. */
  take(): readonly CountedEvent[] {
    const counted = [...this.#counted.values()];
    this.#counted = new Map();
    return counted;
  }
}
