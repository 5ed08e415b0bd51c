/**
 * What is written into a history's database: each function is one transaction, and whoever holds the lock of the one row of `celeriac_history` writes,
 * one monitor after the other. So all of them may write all that they hear: an event that is there already is merged and counted by nobody again.
 */
import { type Digest, digest, foundEnd } from "../digest.ts";
import type { HeardEvent, HeardTaskEvent } from "../heard-event.ts";
import { isEnded } from "../merge.ts";
import { mostRecent } from "../recent-tasks.ts";
import { Labels } from "../slices.ts";
import type { StoreOptions, StoreWriter } from "../store.ts";
import type { KnownWorker } from "../worker-merge.ts";
import type { AskHistory, HistoryDatabase } from "./database.ts";
import { isPruningDue, prune } from "./pruning.ts";
import { addSlices } from "./slices.ts";
import { eventSize, knownAmong, readTasks, type StoredEvent, type StoredTask, taskBytes, writeEvents, writeTasks } from "./task-rows.ts";
import { forgetGone, readWorkers, writeWorkers } from "./workers.ts";

/** What the one row tells who has its lock. */
interface Turn {
  readonly ask: AskHistory;
  /** of the last transaction that changed anything */
  readonly version: number;
  nextId: number;
}

/** What a transaction did. */
interface Done<T> {
  readonly given: T;
  /** null: nothing that others should look at */
  readonly changed: { readonly tasks: readonly string[]; readonly workers: readonly string[] } | null;
}

/** Events of one transaction: many, for each statement waits for an answer. */
const turnEvents = 4_000;

/** A monitor that was cut off in the middle of a transaction holds up the others for no longer. */
const patience = "set local idle_in_transaction_session_timeout = '10s'";
const lock = "select version, next_id from celeriac_history for update";
const finish = `with told as (insert into celeriac_history_change (version, monitor, tasks, workers) values (?, ?, ?, ?))
  update celeriac_history set version = ?, next_id = ?, tasks = tasks + ?, events = events + ?, bytes = greatest(0, bytes + ?),
  written_at = greatest(written_at, ?)`;

export interface PostgresWriterOptions {
  readonly database: HistoryDatabase;
  readonly limits: StoreOptions["limits"];
  /** a name that no other monitor has */
  readonly monitor: string;
}

export function openPostgresWriter({ database, limits, monitor }: PostgresWriterOptions): StoreWriter {
  /** What was written last, so that what is heard next needs no reading, while nobody else writes. */
  const recent = new Map<string, StoredTask>();
  let recentSize = 0;
  const workers = new Map<string, KnownWorker>();
  const labels = new Labels();
  let version: number | null = null;
  /** One transaction after the other: what is kept in memory belongs to the one that is under way. */
  let last: Promise<unknown> = Promise.resolve();

  function forget(): void {
    version = null;
    recent.clear();
    recentSize = 0;
    workers.clear();
    labels.forget();
  }

  function remember(task: StoredTask): void {
    const { uuid } = task.record;
    recentSize += task.size - (recent.get(uuid)?.size ?? 0);
    recent.delete(uuid);
    recent.set(uuid, task);
    for (const [oldest, { size }] of recent) {
      if (recentSize <= mostRecent) break;
      recent.delete(oldest);
      recentSize -= size;
    }
  }

  function inTurn<T>(body: (turn: Turn, change: Change) => Promise<Done<T>>): Promise<T> {
    const turn = last.then(
      () => transaction(body),
      () => transaction(body),
    );
    last = turn;
    return turn;
  }

  async function transaction<T>(body: (turn: Turn, change: Change) => Promise<Done<T>>): Promise<T> {
    try {
      const { given, now } = await database.transaction(async (ask) => {
        await ask(patience);
        const [row] = await ask(lock);
        const found = Number(row!["version"]);
        if (found !== version) forget();
        const turn: Turn = { ask, version: found, nextId: Number(row!["next_id"]) };
        const change: Change = { tasks: 0, events: 0, bytes: 0, writtenAt: null };
        const done = await body(turn, change);
        if (done.changed === null) return { given: done.given, now: found };
        const { tasks, workers: hostnames } = done.changed;
        const counted = [change.tasks, change.events, change.bytes, change.writtenAt];
        await ask(finish, [found + 1, monitor, tasks, hostnames, found + 1, turn.nextId, ...counted]);
        return { given: done.given, now: found + 1 };
      });
      version = now;
      return given;
    } catch (error) {
      forget();
      throw error;
    }
  }

  /** Those of these that are there, by uuid. */
  async function load(ask: AskHistory, uuids: readonly string[]): Promise<Map<string, StoredTask>> {
    const unread = uuids.filter((uuid) => !recent.has(uuid));
    const found = new Map<string, StoredTask>();
    for (const uuid of uuids) if (recent.has(uuid)) found.set(uuid, recent.get(uuid)!);
    for (const task of await readTasks(ask, unread)) found.set(task.record.uuid, task);
    return found;
  }

  async function loadWorkers(ask: AskHistory, hostnames: readonly string[]): Promise<void> {
    const unread = hostnames.filter((hostname) => !workers.has(hostname));
    for (const worker of await readWorkers(ask, unread)) workers.set(worker.hostname, worker);
  }

  async function write(events: readonly HeardEvent[], now: number, turn: Turn, change: Change): Promise<Done<Digest>> {
    const { ask } = turn;
    const ofTasks = events.filter((event) => event.kind === "task");
    const tasks = await load(ask, [...new Set(ofTasks.map(({ uuid }) => uuid))]);
    await loadWorkers(ask, [...new Set(events.map(({ hostname }) => hostname))]);
    const fresh = await freshAmong(ask, ofTasks, tasks, turn);
    const known = {
      task: (uuid: string) => tasks.get(uuid)?.record ?? null,
      worker: (hostname: string) => workers.get(hostname) ?? null,
      isNew: (event: HeardTaskEvent) => fresh.events.has(event),
    };
    const digested = digest(events, known, now);
    const added = new Map<string, number>();
    for (const event of fresh.events.keys()) added.set(event.uuid, (added.get(event.uuid) ?? 0) + eventSize(event));
    const put: StoredTask[] = [];
    for (const uuid of added.keys()) {
      const record = digested.tasks.get(uuid)!;
      const before = tasks.get(uuid);
      const eventBytes = (before === undefined ? 0 : before.size - taskBytes(before.record)) + added.get(uuid)!;
      const task = { id: fresh.ids.get(uuid) ?? before!.id, size: taskBytes(record) + eventBytes, record };
      if (before === undefined) change.tasks += 1;
      change.bytes += task.size - (before?.size ?? 0);
      put.push(task);
    }
    await writeEvents(
      ask,
      [...fresh.events].map(([event, task]) => ({ event, task })),
    );
    await writeTasks(ask, put);
    await writeWorkers(ask, [...digested.workers.values()]);
    await addSlices(ask, digested.increments, labels);
    change.events += fresh.events.size;
    change.writtenAt = events.at(-1)?.heardAt ?? null;
    for (const task of put) remember(task);
    for (const worker of digested.workers.values()) workers.set(worker.hostname, worker);
    return { given: digested, changed: { tasks: [...added.keys()], workers: [...digested.workers.keys()] } };
  }

  return {
    turnEvents,
    write: (events, now) => inTurn((turn, change) => write(events, now, turn, change)),
    amend: (uuid, given, now) =>
      inTurn(async ({ ask }, change) => {
        const before = (await load(ask, [uuid])).get(uuid);
        if (before === undefined || isEnded(before.record.state)) return { given: null, changed: null };
        const record = { ...before.record, ...given };
        const task = { ...before, record, size: before.size + taskBytes(record) - taskBytes(before.record) };
        change.bytes += task.size - before.size;
        await writeTasks(ask, [task]);
        await addSlices(ask, foundEnd(record, now), labels);
        remember(task);
        return { given: record, changed: { tasks: [uuid], workers: [] } };
      }),
    async note({ at, user, address, action, target, refusal, details }) {
      await database.ask(
        "insert into celeriac_history_audit (at, who, address, action, target, refusal, details) values (?, ?, ?, ?, ?, ?, ?)",
        [at, user, address, action, target, refusal, JSON.stringify(details)],
      );
      return null;
    },
    forgetWorkers: (goneSeconds, now) =>
      inTurn(async ({ ask }) => {
        const names = await forgetGone(ask, goneSeconds, now);
        for (const name of names) workers.delete(name);
        return { given: names, changed: names.length === 0 ? null : { tasks: [], workers: names } };
      }),
    async prune(now) {
      if (!(await isPruningDue(database.ask, limits, now))) return false;
      return inTurn(async ({ ask }, change) => {
        const removed = await prune(ask, limits, now);
        change.tasks -= removed.tasks;
        change.events -= removed.events;
        change.bytes -= removed.bytes;
        // Rows that are gone must not be taken for known.
        forget();
        return { given: removed.tasks > 0, changed: { tasks: [], workers: [] } };
      });
    },
  };
}

/** What a transaction adds to what the one row counts. */
interface Change {
  tasks: number;
  events: number;
  bytes: number;
  writtenAt: number | null;
}

/** Of these events those that nobody has written, each with the number of its task; and the numbers of tasks that are not there yet. */
async function freshAmong(ask: AskHistory, events: readonly HeardTaskEvent[], tasks: ReadonlyMap<string, StoredTask>, turn: Turn) {
  const ids = new Map<string, number>();
  const found = new Map<HeardTaskEvent, number>();
  const there: StoredEvent[] = [];
  const seen = new Set<string>();
  for (const event of events) {
    const { uuid, timestamp, subject, clock, hostname } = event;
    const key = JSON.stringify([uuid, timestamp, subject, clock, hostname]);
    if (seen.has(key)) continue;
    seen.add(key);
    const known = tasks.get(uuid)?.id;
    if (known !== undefined) there.push({ task: known, event });
    else if (!ids.has(uuid)) ids.set(uuid, turn.nextId++);
    found.set(event, known ?? ids.get(uuid)!);
  }
  for (const n of await knownAmong(ask, there)) found.delete(there[n]!.event);
  return { events: found, ids };
}
