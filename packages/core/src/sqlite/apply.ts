/** What each operation does: the writing ones inside the turn's transaction, the others on the committed file. */
import type { SettleOutcome } from "../broker.ts";
import type { Consumption } from "./consumption.ts";
import type { NewMessage, NewResult, Operation, OperationFields } from "./operation.ts";
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
  read(operation: Operation, now: number): unknown;
}

export function createOperator(tables: Tables, consumption: Consumption, watches: Watches): Operator {
  const { messages, results, coordination, workers } = tables;

  function insert(newMessages: readonly NewMessage[], raw: Uint8Array, turn: Turn): void {
    let offset = 0;
    for (const message of newMessages) {
      const isNew = messages.insert(message, raw.subarray(offset, offset + message.size), turn.now);
      offset += message.size;
      if (isNew) noteArrival(message.queue, message.due, turn);
    }
  }

  function storeResult(result: NewResult, turn: Turn) {
    const outcome = results.store(result, turn.now);
    if (outcome === "stored") turn.results.add(result.taskId);
    return outcome;
  }

  function settle(fields: OperationFields<"settle">, raw: Uint8Array, turn: Turn): SettleOutcome {
    const { consumer, id, requeue } = fields;
    const isOurs =
      requeue === null ? messages.remove(consumer, id) : messages.putBack(consumer, id, requeue.due, requeue.counted, turn.now);
    consumption.release(turn, consumer, id);
    if (!isOurs) return "lost";
    if (requeue !== null) noteRequeue(fields, requeue.due, turn);
    if (fields.result !== null) storeResult(fields.result, turn);
    insert(fields.publish, raw, turn);
    return "settled";
  }

  function noteRequeue(fields: OperationFields<"settle">, due: number | null, turn: Turn): void {
    for (const queue of consumption.queuesOf(fields.consumer)) noteArrival(queue, due, turn);
  }

  function consume(fields: OperationFields<"consume">, turn: Turn): number {
    if (fields.replaces !== null && workers.remove(fields.replaces)) messages.recover(fields.replaces);
    return consumption.open(turn, fields);
  }

  return {
    writes({ kind }) {
      return !readers.has(kind) || (kind === "watch" && watches.unknown);
    },
    write({ operation, raw }, turn) {
      const { now } = turn;
      switch (operation.kind) {
        case "publish":
          insert([operation.message], raw, turn);
          return null;
        case "settle":
          return settle(operation, raw, turn);
        case "begin":
          return messages.markBegun(operation.consumer, operation.id) ? "settled" : "lost";
        case "consume":
          return consume(operation, turn);
        case "leave":
          consumption.leave(turn, operation.consumer);
          return null;
        case "purge":
          return messages.purge(operation.queue, operation.limit);
        case "storeResult":
          return storeResult(operation.result, turn);
        case "forgetResult":
          results.forget(operation.taskId);
          return null;
        case "watch":
          watches.enter(turn);
          return null;
        case "takeLease":
          return coordination.takeLease(operation.name, operation.ttlMs, now);
        case "renewLease":
          return coordination.renewLease(operation.name, operation.token, operation.ttlMs, now);
        case "freeLease":
          coordination.freeLease(operation.name, operation.token);
          return null;
        case "reserve":
          return coordination.reserve(operation.key, operation.owner, operation.ttlMs, now);
        case "unreserve":
          return coordination.unreserve(operation.key, operation.owner, now);
        default:
          throw new Error(`${operation.kind} does not write`);
      }
    },
    read(operation, now) {
      switch (operation.kind) {
        case "length":
          return messages.length(operation.queue, now);
        case "oldest":
          return messages.oldest(operation.queue, now);
        case "peek":
          return messages.peek(operation.queue, operation.limit, now);
        case "getResult":
          return results.get(operation.taskId, now);
        case "watch":
          return watches.add(operation.taskId, now);
        case "unwatch":
          watches.remove(operation.taskId);
          return null;
        case "resize":
          consumption.resize(operation.consumer, operation.readAhead);
          return null;
        case "check":
          // Reads the file, so that a damaged one is told.
          messages.hasReady("");
          return now;
        default:
          throw new Error(`${operation.kind} does not only read`);
      }
    },
  };
}

const readers: ReadonlySet<Operation["kind"]> = new Set(["length", "oldest", "peek", "getResult", "watch", "unwatch", "resize", "check"]);

function noteArrival(queue: string, due: number | null, turn: Turn): void {
  if (due !== null && due > turn.now) turn.delays = true;
  else turn.arrivals.add(queue);
}
