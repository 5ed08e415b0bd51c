/**
 * Tells all clients of the stream what changes. Its duties: 1. hear what the history hears, and make of each change one tick, encoded once for all; 2. keep
 * ticks for clients that come back; 3. give who joins a snapshot, or what it missed, without a hole before what comes next; 4. look now and then at what
 * changes without an event.
 */
import { randomBytes } from "node:crypto";
import { type Clock, type Logger, reasonOf, type Timer } from "@celeriac/core/runtime";
import type { Overview, TaskRow, WorkerRow } from "../../shared/contract.ts";
import type { Change } from "../history/history.ts";
import type { TaskRecord } from "../history/task-record.ts";
import { encodeFrame, encodeRow, eventText, taskDeltas, workerDeltas, workerSnapshot } from "./frame.ts";
import type { Listener } from "./listener.ts";
import { createRing } from "./ring.ts";
import { bytesOfTick, type Tick } from "./tick.ts";
import type { Wish } from "./wish.ts";

export interface HubParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
  follow(heard: (change: Pick<Change, "tasks" | "workers">) => void): () => void;
  task(uuid: string): Promise<TaskRecord | null>;
  workers(): Promise<readonly WorkerRow[]>;
  overview(): Promise<Overview>;
  taskRow(task: TaskRecord): TaskRow;
  workerRow(worker: Change["workers"][number]): WorkerRow;
}

interface Member {
  readonly listener: Listener;
  readonly wish: Wish;
  /** It is being told what came before: what comes now it finds in the ring. */
  isJoining: boolean;
}

const pingMs = 15_000;
const lookMs = 2_000;
/** Workers go, and answer to `inspect`, without an event. */
const looksForWorkers = 5;
const ping = `data: ${encodeFrame({ kind: "ping" })}\n\n`;

export class StreamHub {
  readonly #parts: HubParts;
  readonly #epoch = randomBytes(6).toString("hex");
  readonly #ring = createRing(bytesOfTick);
  readonly #members = new Set<Member>();
  /** name → its row, as it was last told */
  readonly #workers = new Map<string, string>();
  readonly #unfollow: () => void;
  readonly #timers: readonly Timer[];
  #overview = "";
  #seq = 0;
  #looks = 0;
  #isLooking = false;

  constructor(parts: HubParts) {
    this.#parts = parts;
    this.#unfollow = parts.follow((change) => this.#hear(change));
    this.#timers = [parts.clock.every(pingMs, () => this.#ping()), parts.clock.every(lookMs, () => void this.#look())];
  }

  get size(): number {
    return this.#members.size;
  }

  /** `lastEventId`: of a client that comes back. Gives how to leave. Ends the listener where what is to be told cannot be read. */
  join(listener: Listener, wish: Wish, lastEventId: string | undefined): () => void {
    const member: Member = { listener, wish, isJoining: true };
    this.#members.add(member);
    void this.#bringUp(member, lastEventId).catch((error: unknown) => {
      this.#parts.logger.warn("a stream could not be begun", { reason: reasonOf(error) });
      this.#members.delete(member);
      listener.end();
    });
    return () => this.#members.delete(member);
  }

  close(): void {
    this.#unfollow();
    for (const timer of this.#timers) timer.cancel();
    for (const { listener } of this.#members) listener.end();
    this.#members.clear();
  }

  async #bringUp(member: Member, lastEventId: string | undefined): Promise<void> {
    const hello = encodeFrame({ kind: "hello", epoch: this.#epoch, seq: this.#seq, version: this.#parts.version });
    const place = this.#placeOf(lastEventId);
    let told = place ?? this.#seq;
    const first = place === null ? await this.#snapshots(member.wish) : [];
    if (place === null && lastEventId !== undefined) first.push(encodeFrame({ kind: "gap", dropped: this.#missedSince(lastEventId) }));
    this.#write(member, [hello, ...first], told);
    for (let missed = this.#ring.since(told); missed === null || missed.length > 0; missed = this.#ring.since(told)) {
      // So much came meanwhile that it is not kept any more: it is lost, and said to be.
      const from = told;
      told = this.#seq;
      if (missed === null) this.#write(member, [encodeFrame({ kind: "gap", dropped: told - from })], told);
      else this.#write(member, await this.#framesOf(member.wish, missed), told);
    }
    member.isJoining = false;
  }

  /** null: it does not come back, or to where nothing is known any more */
  #placeOf(lastEventId: string | undefined): number | null {
    const [epoch, seq] = (lastEventId ?? "").split("-");
    if (epoch !== this.#epoch || seq === undefined || !/^\d+$/.test(seq)) return null;
    return this.#ring.since(Number(seq)) === null ? null : Number(seq);
  }

  #missedSince(lastEventId: string): number {
    const [epoch, seq] = lastEventId.split("-");
    return epoch === this.#epoch ? Math.max(0, this.#seq - Number(seq)) || 0 : 0;
  }

  async #snapshots({ topics }: Wish): Promise<string[]> {
    const { overview, workers } = this.#parts;
    const frames: string[] = [];
    if (topics.has("overview")) frames.push(encodeFrame({ kind: "snapshot", topic: "overview", overview: await overview() }));
    if (topics.has("workers")) frames.push(...workerSnapshot((await workers()).map(encodeRow)));
    return frames;
  }

  /** What ticks tell one who was not there: of the overview the last, of tasks how they are now. */
  async #framesOf({ topics, uuids }: Wish, ticks: readonly Tick[]): Promise<readonly string[]> {
    const frames: string[] = [];
    const overview = ticks.findLast((tick) => tick.overview !== null)?.overview ?? null;
    if (topics.has("overview") && overview !== null) frames.push(overview);
    if (topics.has("workers")) frames.push(...ticks.flatMap((tick) => tick.workers));
    if (!topics.has("tasks")) return frames;
    const heard = new Set(ticks.flatMap((tick) => tick.uuids));
    const wanted = [...heard].filter((uuid) => uuids.has(uuid));
    const tasks = await Promise.all(wanted.map((uuid) => this.#parts.task(uuid)));
    const rows = tasks.flatMap((task) => (task === null ? [] : [encodeRow(this.#parts.taskRow(task))]));
    return [...frames, ...taskDeltas(rows, heard.size - wanted.length)];
  }

  #hear({ tasks, workers }: Pick<Change, "tasks" | "workers">): void {
    const rows = workers.map((worker) => this.#parts.workerRow(worker)).flatMap((row) => this.#changed(row));
    this.#tell({ seq: this.#seq + 1, workers: workerDeltas(rows, []), overview: null, uuids: tasks.map(({ uuid }) => uuid) }, tasks);
  }

  #changed(row: WorkerRow): readonly string[] {
    const text = encodeRow(row);
    if (this.#workers.get(row.name) === text) return [];
    this.#workers.set(row.name, text);
    return [text];
  }

  #tell(tick: Tick, tasks: readonly TaskRecord[]): void {
    if (tick.workers.length === 0 && tick.overview === null && tick.uuids.length === 0) return;
    this.#seq = tick.seq;
    this.#ring.add(tick, this.#parts.clock.monotonic());
    const byUuid = new Map(tasks.map((task) => [task.uuid, task]));
    const encoded = new Map<string, string>();
    for (const member of this.#members)
      if (!member.isJoining) this.#write(member, this.#framesFor(member.wish, tick, byUuid, encoded), tick.seq);
  }

  #framesFor({ topics, uuids }: Wish, tick: Tick, tasks: ReadonlyMap<string, TaskRecord>, encoded: Map<string, string>): readonly string[] {
    const frames: string[] = [];
    if (topics.has("overview") && tick.overview !== null) frames.push(tick.overview);
    if (topics.has("workers")) frames.push(...tick.workers);
    if (!topics.has("tasks") || tasks.size === 0) return frames;
    const rows: string[] = [];
    for (const uuid of uuids) {
      const task = tasks.get(uuid);
      if (task === undefined) continue;
      const text = encoded.get(uuid) ?? encodeRow(this.#parts.taskRow(task));
      encoded.set(uuid, text);
      rows.push(text);
    }
    return [...frames, ...taskDeltas(rows, tasks.size - rows.length)];
  }

  /** What has changed without an event: told only while somebody listens. */
  async #look(): Promise<void> {
    if (this.#isLooking || this.#members.size === 0) return;
    this.#isLooking = true;
    try {
      const wishes = [...this.#members].map(({ wish }) => wish.topics);
      const looksAtWorkers = this.#looks++ % looksForWorkers === 0 && wishes.some((topics) => topics.has("workers"));
      const overview = wishes.some((topics) => topics.has("overview")) ? await this.#changedOverview() : null;
      const workers = looksAtWorkers ? await this.#changedWorkers() : [];
      this.#tell({ seq: this.#seq + 1, workers, overview, uuids: [] }, []);
    } catch (error) {
      this.#parts.logger.warn("what the stream tells could not be read", { reason: reasonOf(error) });
    } finally {
      this.#isLooking = false;
    }
  }

  async #changedOverview(): Promise<string | null> {
    const text = encodeFrame({ kind: "delta", topic: "overview", overview: await this.#parts.overview() });
    if (text === this.#overview) return null;
    this.#overview = text;
    return text;
  }

  async #changedWorkers(): Promise<readonly string[]> {
    const rows = await this.#parts.workers();
    const there = new Set(rows.map(({ name }) => name));
    const removed = [...this.#workers.keys()].filter((name) => !there.has(name));
    for (const name of removed) this.#workers.delete(name);
    return workerDeltas(
      rows.flatMap((row) => this.#changed(row)),
      removed,
    );
  }

  #write({ listener }: Member, frames: readonly string[], seq: number): void {
    if (frames.length > 0) listener.write(eventText(frames, `${this.#epoch}-${seq}`), frames.length);
  }

  #ping(): void {
    for (const { listener } of this.#members) listener.ping(ping);
  }
}
