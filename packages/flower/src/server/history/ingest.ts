/**
 * The way from what was heard into the history. Duties: 1. reads messages as they come, into the inbox; 2. writes what is in it, several times a
 * second, all of a turn or nothing; 3. tells those who follow what has changed; 4. tries again while nothing can be written; 5. takes out what is
 * too old or too much.
 */
import { type Clock, type ContentRules, eventsOf, type Timer } from "@celeriac/core/runtime";
import { Counting } from "./counting.ts";
import type { Digest } from "./digest.ts";
import { readEvent } from "./heard-event.ts";
import type { Change, HeardMessage, HistoryFacts } from "./history.ts";
import { Inbox } from "./inbox.ts";
import { previewOf } from "./preview.ts";
import type { StoreWriter } from "./store.ts";
import type { TaskRecord } from "./task-record.ts";
import { isOnline, type KnownWorker } from "./worker-merge.ts";

export interface IngestOptions {
  readonly clock: Clock;
  readonly content: ContentRules;
  /** events that wait to be written */
  readonly mostQueued: number;
  /** Takes secrets out of the fields of an event. */
  redacted(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
  readonly writer: Pick<StoreWriter, "turnEvents" | "write" | "prune">;
  /** What writing has thrown; gives why nothing can be written. */
  failed(error: unknown): string;
  /** At most four times a second, while somebody follows. */
  changed(change: Change): void;
}

export type IngestFacts = Pick<HistoryFacts, "behind" | "dropped" | "trouble">;

const turnMs = 250;
const busyMs = 10;
const retryMs = 1_000;
/** From so many on they are written at once. */
const hurryEvents = 1_000;
const pruneMs = 1_000;
const moreMs = 50;

export class Ingest {
  readonly #options: IngestOptions;
  readonly #inbox: Inbox;
  readonly #counting = new Counting();
  readonly #waiting: { readonly mark: number; resolve(): void }[] = [];
  #tasks = new Map<string, TaskRecord>();
  #workers = new Map<string, KnownWorker>();
  #timer: Timer | null = null;
  #telling: Timer | null = null;
  #pruning: Timer;
  #isUrgent = false;
  #heard = 0;
  #written = 0;
  #trouble: string | null = null;
  #isFollowed = false;
  #toldAt = 0;
  #isClosed = false;
  /** what is being written, or taken out */
  #turning: Promise<unknown> | null = null;
  #pruned: Promise<void> | null = null;

  constructor(options: IngestOptions) {
    this.#options = options;
    this.#inbox = new Inbox(options.mostQueued);
    this.#pruning = this.#pruneAfter(0);
  }

  get facts(): IngestFacts {
    return { behind: this.#inbox.length, dropped: this.#inbox.dropped, trouble: this.#trouble };
  }

  /** `heardAt`: epoch seconds. What is no event is passed over. */
  hear({ body, headers, contentType }: HeardMessage, heardAt: number): void {
    try {
      for (const received of eventsOf({ body, headers, contentType: contentType ?? "application/json" }, this.#options.content)) {
        const event = readEvent(received, heardAt);
        if (event === null) continue;
        this.#heard += 1;
        this.#inbox.push({ ...event, fields: this.#options.redacted(event.fields) });
      }
    } catch {
      // Whoever may tell events may tell anything: there is nobody to complain to.
    }
    if (this.#inbox.length >= hurryEvents) this.#hurry();
    else this.#wait(turnMs);
  }

  follow(isFollowed: boolean): void {
    this.#isFollowed = isFollowed;
  }

  /** Resolves when all that was heard before is written, or given up. */
  settled(): Promise<void> {
    const mark = this.#heard;
    if (this.#gone >= mark) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push({ mark, resolve });
      this.#hurry();
    });
  }

  /** Tells of what was changed by others than events that were heard here. */
  tell(tasks: readonly TaskRecord[], workers: readonly KnownWorker[]): void {
    if (!this.#isFollowed) return;
    for (const task of tasks) this.#tasks.set(task.uuid, task);
    for (const worker of workers) this.#workers.set(worker.hostname, worker);
    this.#tellSoon();
  }

  /** Writes what it can, once. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of [this.#timer, this.#telling, this.#pruning]) timer?.cancel();
    await Promise.all([this.#turning, this.#pruned]);
    while (this.#inbox.length > 0 && (await this.#turn()) === "written");
  }

  get #gone(): number {
    return this.#written + this.#inbox.dropped;
  }

  #hurry(): void {
    if (this.#isUrgent || this.#isClosed || this.#turning !== null || this.#trouble !== null) return;
    this.#isUrgent = true;
    this.#timer?.cancel();
    this.#timer = null;
    setImmediate(() => {
      this.#isUrgent = false;
      void this.#run();
    });
  }

  #wait(ms: number): void {
    if (this.#isUrgent || this.#isClosed || this.#turning !== null) return;
    this.#timer ??= this.#options.clock.after(ms, () => void this.#run());
  }

  /** Never rejects. What is heard meanwhile waits for the next turn. */
  async #run(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#isClosed || this.#turning !== null) return;
    const turning = this.#turn();
    this.#turning = turning;
    const outcome = await turning;
    this.#turning = null;
    if (outcome === "busy") this.#wait(busyMs);
    else if (outcome === "failed") this.#wait(retryMs);
    else if (this.#inbox.length >= hurryEvents || (this.#inbox.length > 0 && this.#waiting.length > 0)) this.#hurry();
    else if (this.#inbox.length > 0) this.#wait(turnMs);
  }

  async #turn(): Promise<"written" | "busy" | "failed"> {
    const events = this.#inbox.take(this.#options.writer.turnEvents);
    if (events.length === 0) return "written";
    try {
      const digest = await this.#options.writer.write(events, this.#options.clock.now() / 1_000);
      if (digest === "busy") {
        this.#inbox.giveBack();
        return digest;
      }
      this.#inbox.done();
      this.#written += events.length;
      this.#trouble = null;
      this.#note(digest);
      return "written";
    } catch (error) {
      this.#inbox.giveBack();
      this.#trouble = this.#options.failed(error);
      return "failed";
    }
  }

  #note({ tasks, workers, told }: Digest): void {
    for (const waiting of this.#waiting.filter(({ mark }) => this.#gone >= mark)) {
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      waiting.resolve();
    }
    if (!this.#isFollowed) return;
    for (const [uuid, task] of tasks) this.#tasks.set(uuid, task);
    for (const [hostname, worker] of workers) this.#workers.set(hostname, worker);
    for (const [event, task] of told) this.#counting.add(event, task);
    this.#tellSoon();
  }

  #tellSoon(): void {
    const now = this.#options.clock.monotonic();
    const waitMs = this.#toldAt + turnMs - now;
    if (waitMs <= 0) this.#tell();
    else if (this.#telling === null) this.#telling = this.#options.clock.after(waitMs, () => this.#tell());
  }

  #tell(): void {
    this.#telling?.cancel();
    this.#telling = null;
    if (!this.#isFollowed || this.#isClosed) return;
    this.#toldAt = this.#options.clock.monotonic();
    const now = this.#options.clock.now() / 1_000;
    const workers = [...this.#workers.values()].map((worker) => ({ ...worker, online: isOnline(worker, now) }));
    const tasks = [...this.#tasks.values()].map(previewOf);
    this.#tasks = new Map();
    this.#workers = new Map();
    this.#options.changed({ tasks, workers, counted: this.#counting.take() });
  }

  #pruneAfter(ms: number): Timer {
    return this.#options.clock.after(ms, () => {
      this.#pruned = this.#prune();
    });
  }

  /** A slice, and the next one soon while there is more. Never rejects. */
  async #prune(): Promise<void> {
    const { clock, writer, failed } = this.#options;
    let isMore = false;
    try {
      isMore = (await writer.prune(clock.now() / 1_000)) !== false;
    } catch (error) {
      failed(error);
    }
    if (!this.#isClosed) this.#pruning = this.#pruneAfter(isMore ? moreMs : pruneMs);
  }
}
