/**
 * What was heard and is not written yet: so much of it. Of more, heartbeats go first, then what was told of tasks that have ended meanwhile, then
 * what is no end of a task; an end is given up only when nothing can be written for so long that nothing else is left.
 */
import { endsTask, type HeardEvent } from "./heard-event.ts";

export class Inbox {
  #events: HeardEvent[] = [];
  /** before `#events`; being written */
  #taken: readonly HeardEvent[] = [];
  #dropped = 0;
  readonly #most: number;
  /** Above it is looked for what may go: more than `most` where nothing was found the last time. */
  #full: number;

  /** `most`: above it something is dropped, down to nine tenths of it. */
  constructor(most: number) {
    this.#most = most;
    this.#full = most;
  }

  get length(): number {
    return this.#taken.length + this.#events.length;
  }

  /** since the start */
  get dropped(): number {
    return this.#dropped;
  }

  push(event: HeardEvent): void {
    this.#events.push(event);
    if (this.#events.length > this.#full) this.#shed();
  }

  /** The oldest, at most so many. They are not dropped, and nothing more can be taken, until they are `done` or given back. */
  take(limit: number): readonly HeardEvent[] {
    this.#taken = this.#events.splice(0, limit);
    return this.#taken;
  }

  /** What was taken is written. */
  done(): void {
    this.#taken = [];
    this.#full = Math.max(this.#most, Math.min(this.#full, this.#events.length + Math.ceil(this.#most / 10)));
  }

  /** What was taken could not be written. */
  giveBack(): void {
    this.#events = [...this.#taken, ...this.#events];
    this.#taken = [];
  }

  #shed(): void {
    const wanted = Math.floor(this.#most * 0.9);
    const ended = new Set<string>();
    for (const event of this.#events) if (event.kind === "task" && endsTask(event)) ended.add(event.uuid);
    const dispensable: readonly ((event: HeardEvent) => boolean)[] = [
      (event) => event.kind === "worker",
      (event) => event.kind === "task" && !endsTask(event) && ended.has(event.uuid),
      (event) => !endsTask(event),
    ];
    for (const mayGo of dispensable) {
      this.#drop(this.#events.length - wanted, mayGo);
      if (this.#events.length <= wanted) break;
    }
    if (this.#events.length > 4 * this.#most) this.#drop(this.#events.length - 4 * this.#most, () => true);
    this.#full = Math.max(this.#most, this.#events.length + Math.ceil(this.#most / 10));
  }

  /** The oldest of them, at most so many. */
  #drop(most: number, mayGo: (event: HeardEvent) => boolean): void {
    let left = most;
    const kept = this.#events.filter((event) => {
      if (left <= 0 || !mayGo(event)) return true;
      left -= 1;
      return false;
    });
    this.#dropped += this.#events.length - kept.length;
    this.#events = kept;
  }
}
