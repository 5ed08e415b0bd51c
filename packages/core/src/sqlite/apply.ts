/** What each operation does: the writing ones inside the turn's transaction, the others on the committed file. */
import type { StoreOutcome } from "../backend.ts";
import type { SettleOutcome } from "../broker.ts";
import { type ChordWriters, createChordWriters } from "./chord-writers.ts";
import type { Consumption } from "./consumption.ts";
import type { Answer, NewMessage, NewResult, Operation, OperationFields, OperationKind } from "./operation.ts";
import type { Subscriptions } from "./subscriptions.ts";
import type { Tables } from "./tables.ts";
import type { Turn } from "./turn.ts";
import type { Watches } from "./watches.ts";

/** An operation with the raw envelopes of the messages it announces, one after another. */
export interface Entry {
  readonly operation: Operation;
  readonly raw: Uint8Array;
}

export interface Operator {
  /** true: needs the write lock. */
  writes(operation: Operation): boolean;
  write(entry: Entry, turn: Turn): unknown;
  /** `watch` is both: it makes this process known, once, and then reads. */
  read(operation: Operation, now: number): unknown;
}

type ReadingKind =
  | "length"
  | "oldest"
  | "peek"
  | "queues"
  | "bindings"
  | "paused"
  | "getResult"
  | "chordParts"
  | "watch"
  | "unwatch"
  | "resize"
  | "assign"
  | "check";
type WritingKind = Exclude<OperationKind, ReadingKind>;
type Readers = { readonly [K in ReadingKind]: (fields: OperationFields<K>, now: number) => Answer<K> };
type Writers = { readonly [K in WritingKind]: (fields: OperationFields<K>, turn: Turn, raw: Uint8Array) => Answer<K> };

/** What this process has open in the file. */
export interface Attendance {
  readonly consumption: Consumption;
  readonly watches: Watches;
  readonly subscriptions: Subscriptions;
}

export function createOperator(tables: Tables, { consumption, watches, subscriptions }: Attendance): Operator {
  const readers = createReaders(tables, consumption, watches);
  const writers: Writers = {
    ...createMessageWriters(tables, consumption),
    ...createBroadcastWriters(tables, subscriptions),
    ...createResultWriters(tables),
    ...createCoordinationWriters(tables),
  };
  const isHeard = (exchange: string) => tables.ears.listeners(exchange).length > 0;
  const isReading = (kind: OperationKind): kind is ReadingKind => kind in readers;
  return {
    writes(operation) {
      const { kind } = operation;
      // What nobody hears is not written, and costs no transaction: an idle worker's heartbeats leave the file alone.
      if (kind === "broadcast") return isHeard(operation.message.exchange);
      return !isReading(kind) || (kind === "watch" && watches.unknown);
    },
    write({ operation, raw }, turn) {
      if (operation.kind === "watch") return watches.enter(turn);
      const writer = writers[operation.kind as WritingKind] as (fields: Operation, turn: Turn, raw: Uint8Array) => unknown;
      return writer(operation, turn, raw);
    },
    read(operation, now) {
      if (operation.kind === "broadcast") return null;
      const reader = readers[operation.kind as ReadingKind] as (fields: Operation, now: number) => unknown;
      return reader(operation, now);
    },
  };
}

function createReaders({ messages, bindings, pauses, results, chords }: Tables, consumption: Consumption, watches: Watches): Readers {
  return {
    length: ({ queue }, now) => messages.length(queue, now),
    oldest: ({ queue }, now) => messages.oldest(queue, now),
    peek: ({ queue, limit }, now) => messages.peek(queue, limit, now),
    queues: () => [...messages.names(), ...bindings.all().map(({ queue }) => queue), ...pauses.all()],
    bindings: () => bindings.all(),
    paused: () => pauses.all(),
    getResult: ({ taskId }, now) => results.get(taskId, now),
    chordParts: ({ chordId }) => chords.parts(chordId),
    watch: ({ taskId }, now) => watches.add(taskId, now),
    unwatch({ taskId }) {
      watches.remove(taskId);
      return null;
    },
    resize({ consumer, readAhead }) {
      consumption.resize(consumer, readAhead);
      return null;
    },
    assign({ consumer, queues }) {
      consumption.assign(consumer, queues);
      return null;
    },
    check(_, now) {
      // Reads the file, so that a damaged one is told.
      messages.hasReady("");
      return now;
    },
  };
}

type MessageWriters = ChordWriters &
  Pick<Writers, "publish" | "settle" | "begin" | "consume" | "leave" | "bind" | "drop" | "purge" | "pause" | "resume">;

function createMessageWriters(tables: Tables, consumption: Consumption): MessageWriters {
  const { messages, bindings, pauses, results, chords, workers } = tables;

  function insert(newMessages: readonly NewMessage[], raw: Uint8Array, turn: Turn): void {
    let offset = 0;
    for (const message of newMessages) {
      const bytes = raw.subarray(offset, offset + message.size);
      offset += message.size;
      if (message.exchange === "") insertOne(message, bytes, turn);
      else for (const queue of bindings.lead(message.exchange, message.queue)) insertOne({ ...message, queue }, bytes, turn);
    }
  }

  function insertOne(message: NewMessage, bytes: Uint8Array, turn: Turn): void {
    if (messages.insert(message, bytes, turn.now)) noteArrival(message.queue, message.due, turn);
  }

  function settle(fields: OperationFields<"settle">, turn: Turn, raw: Uint8Array): SettleOutcome {
    const { consumer, id, requeue, parts } = fields;
    const store = () => {
      for (const result of fields.results) noteResult(result, results.store(result, turn.now), turn);
    };
    if (parts.length > 0 && messages.isClaimed(consumer, id) && chords.count(parts, turn.now) === "complete") {
      store();
      return "complete";
    }
    const isOurs =
      requeue === null ? messages.remove(consumer, id) : messages.putBack(consumer, id, requeue.due, requeue.counted, turn.now);
    consumption.release(turn, consumer, id);
    // Nothing of a lost claim is written: neither its result nor what would follow.
    if (!isOurs) return "lost";
    if (requeue !== null) for (const queue of consumption.queuesOf(consumer)) noteArrival(queue, requeue.due, turn);
    store();
    insert(fields.publish, raw, turn);
    return "settled";
  }

  return {
    publish({ message }, turn, raw) {
      insert([message], raw, turn);
      return null;
    },
    settle,
    ...createChordWriters(tables, { insert, store: (result, turn) => noteResult(result, results.store(result, turn.now), turn) }),
    begin: ({ consumer, id }) => (messages.markBegun(consumer, id) ? "settled" : "lost"),
    consume(fields, turn) {
      if (fields.replaces !== null && workers.remove(fields.replaces)) messages.recover(fields.replaces);
      const inc = consumption.open(turn, fields);
      for (const copy of fields.copies) bindings.add(copy, inc);
      return inc;
    },
    leave({ consumer }, turn) {
      consumption.leave(turn, consumer);
      return null;
    },
    bind({ bindings: wanted, consumer }) {
      for (const binding of wanted) bindings.add(binding, consumer ?? undefined);
      return null;
    },
    drop({ queue }) {
      bindings.drop(queue);
      messages.purge(queue, Number.MAX_SAFE_INTEGER);
      return null;
    },
    purge: ({ queue, limit }) => messages.purge(queue, limit),
    pause({ queue }) {
      pauses.add(queue);
      return null;
    },
    resume({ queue }, turn) {
      if (pauses.remove(queue)) turn.arrivals.add(queue);
      return null;
    },
  };
}

function createBroadcastWriters(
  { broadcasts, ears }: Tables,
  subscriptions: Subscriptions,
): Pick<Writers, "broadcast" | "subscribe" | "unsubscribe"> {
  return {
    broadcast({ message: { exchange, routingKey } }, turn, raw) {
      if (ears.listeners(exchange).length === 0) return null;
      broadcasts.add(exchange, routingKey, raw, turn.now);
      turn.told.add(exchange);
      return null;
    },
    subscribe({ subscriber, exchange }, turn) {
      subscriptions.open(turn, subscriber, exchange);
      return null;
    },
    unsubscribe({ subscriber }, turn) {
      subscriptions.close(turn, subscriber);
      return null;
    },
  };
}

function createResultWriters({ results }: Tables): Pick<Writers, "storeResult" | "forgetResult"> {
  return {
    storeResult: ({ result }, turn) => noteResult(result, results.store(result, turn.now), turn),
    forgetResult({ taskId }) {
      results.forget(taskId);
      return null;
    },
  };
}

type CoordinationWriters = Pick<
  Writers,
  "takeLease" | "renewLease" | "freeLease" | "reserve" | "unreserve" | "takeTokens" | "takeSlot" | "freeSlot"
>;

function createCoordinationWriters({ coordination, slots }: Tables): CoordinationWriters {
  return {
    takeLease: ({ name, ttlMs }, { now }) => coordination.takeLease(name, ttlMs, now),
    renewLease: ({ name, token, ttlMs }, { now }) => coordination.renewLease(name, token, ttlMs, now),
    freeLease({ name, token }) {
      coordination.freeLease(name, token);
      return null;
    },
    reserve: ({ key, owner, ttlMs }, { now }) => coordination.reserve(key, owner, ttlMs, now),
    unreserve: ({ key, owner }, { now }) => coordination.unreserve(key, owner, now),
    takeTokens: ({ bucket, n, rate }, { now }) => coordination.takeTokens(bucket, n, rate, now),
    takeSlot: ({ key, limit }, turn) => slots.take(turn, key, limit),
    freeSlot({ id }) {
      slots.free(id);
      return null;
    },
  };
}

function noteArrival(queue: string, due: number | null, turn: Turn): void {
  if (due !== null && due > turn.now) turn.delays = true;
  else turn.arrivals.add(queue);
}

function noteResult(result: NewResult, outcome: StoreOutcome, turn: Turn): StoreOutcome {
  if (outcome === "stored") turn.results.add(result.taskId);
  return outcome;
}
