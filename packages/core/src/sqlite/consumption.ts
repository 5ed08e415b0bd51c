/**
 * The consumers of this process on one file: who holds what, who has room, and who may find something.
 * A consumer asks the file only when it has room and a reason: it settled something, something arrived, or it was woken.
 */
import type { ClaimedMessage } from "./operation.ts";
import type { Tables } from "./tables.ts";
import type { Turn } from "./turn.ts";

/** Most rows claimed by one statement, so that one transaction stays short. */
const claimAtOnce = 500;

interface ConsumerState {
  readonly inc: number;
  queues: readonly string[];
  /** it consumed at some time: what it holds may belong there */
  readonly everQueues: Set<string>;
  readonly mayBlock: boolean;
  readonly held: Set<number>;
  readAhead: number;
  /** may find something: nothing says that its queues are empty */
  hungry: boolean;
  /** as its row says: others touch the wake file for it */
  waiting: boolean;
  /** the file may hold claims for it that it never got */
  doubtful: boolean;
  /** Where the next claim starts, so that a full queue does not starve its neighbours. */
  rotation: number;
}

export interface NewConsumer {
  readonly name: string;
  readonly queues: readonly string[];
  readonly readAhead: number;
  /** see `ConsumeOptions` */
  readonly mayBlock: boolean;
}

export interface Consumption {
  readonly count: number;
  /** One of them runs tasks in the main thread: a silence of it is no sign of death. */
  readonly mayBlock: boolean;
  open(turn: Turn, options: NewConsumer): number;
  resize(inc: number, readAhead: number): void;
  assign(inc: number, queues: readonly string[]): void;
  /** Hands back and says goodbye. */
  leave(turn: Turn, inc: number): void;
  leaveAll(turn: Turn): void;
  /** Notes that a claim has ended, one way or the other. */
  release(turn: Turn, inc: number, id: number): void;
  /** From which it may hold something. */
  queuesOf(inc: number): Iterable<string>;
  /** Something may be ready in these queues, or (null) anywhere. */
  feed(queues: ReadonlySet<string> | null): void;
  /** Nobody knows whether the last claims are in the file: they are compared before the next ones. */
  doubt(): void;
  /** Looks, without the write lock, whether there is anything for those who have room. */
  look(): void;
  wantsClaim(): boolean;
  /** Claims for everyone with room; gives the incarnations that others declared dead. */
  claim(turn: Turn): readonly number[];
}

export function createConsumption(tables: Tables): Consumption {
  const { messages, workers, locks } = tables;
  const consumers = new Map<number, ConsumerState>();

  function room(state: ConsumerState, turn: Turn | null): number {
    return state.readAhead - state.held.size + (turn?.settled.get(state.inc) ?? 0);
  }

  function leave(turn: Turn, inc: number): void {
    const state = consumers.get(inc);
    if (state === undefined) return;
    if (messages.handBack(inc) > 0) for (const queue of state.everQueues) turn.arrivals.add(queue);
    workers.remove(inc);
    turn.onCommit.push(() => {
      consumers.delete(inc);
      locks.release(inc);
    });
  }

  /** false: the incarnation is dead to the others. */
  function claimFor(state: ConsumerState, turn: Turn): boolean {
    if (state.doubtful) {
      messages.keepOnly(state.inc, [...state.held]);
      turn.onCommit.push(() => {
        state.doubtful = false;
      });
    }
    let left = room(state, turn);
    for (let step = 0; step < state.queues.length && left > 0; step += 1) {
      const queue = state.queues[(state.rotation + step) % state.queues.length]!;
      const asked = Math.min(left, claimAtOnce);
      const rows = messages.claim(state.inc, queue, asked);
      for (const { raw, ...row } of rows) {
        const message: ClaimedMessage = { ...row, queue, consumer: state.inc, size: raw.byteLength };
        turn.claimed.push({ message, raw });
        turn.onCommit.push(() => state.held.add(row.id));
      }
      left -= rows.length;
      // A suspect comes alone, so what stands behind it (or before it) comes in the next claim: it stays hungry.
      if (rows.length > 0 && (rows.length === asked ? left > 0 : messages.hasReady(queue))) return true;
    }
    const empty = left > 0;
    if (left === room(state, turn) && !workers.isKnown(state.inc)) return false;
    turn.onCommit.push(() => {
      state.rotation += 1;
      if (empty) state.hungry = false;
    });
    if (state.waiting !== empty) {
      workers.mark(state.inc, "waiting", empty);
      turn.onCommit.push(() => {
        state.waiting = empty;
      });
    }
    return true;
  }

  return {
    get count() {
      return consumers.size;
    },
    get mayBlock() {
      for (const { mayBlock } of consumers.values()) if (mayBlock) return true;
      return false;
    },
    open(turn, { name, queues, readAhead, mayBlock }) {
      const inc = workers.register(name);
      turn.onRollback.push(() => locks.release(inc));
      const fresh = { held: new Set<number>(), hungry: true, waiting: false, doubtful: false, rotation: 0 };
      const state: ConsumerState = { inc, queues, everQueues: new Set(queues), readAhead, mayBlock, ...fresh };
      turn.onCommit.push(() => consumers.set(inc, state));
      return inc;
    },
    resize(inc, readAhead) {
      const state = consumers.get(inc);
      if (state === undefined) return;
      state.readAhead = readAhead;
      state.hungry = true;
    },
    assign(inc, queues) {
      const state = consumers.get(inc);
      if (state === undefined) return;
      state.queues = queues;
      for (const queue of queues) state.everQueues.add(queue);
      state.hungry = true;
    },
    leave,
    leaveAll(turn) {
      for (const inc of consumers.keys()) leave(turn, inc);
    },
    release(turn, inc, id) {
      const state = consumers.get(inc);
      if (!state?.held.has(id)) return;
      turn.settled.set(inc, (turn.settled.get(inc) ?? 0) + 1);
      state.hungry = true;
      turn.onCommit.push(() => state.held.delete(id));
    },
    queuesOf: (inc) => consumers.get(inc)?.everQueues ?? [],
    feed(queues) {
      for (const state of consumers.values()) {
        if (queues === null || state.queues.some((queue) => queues.has(queue))) state.hungry = true;
      }
    },
    doubt() {
      for (const state of consumers.values()) state.doubtful = true;
    },
    look() {
      for (const state of consumers.values()) {
        if (!state.hungry && room(state, null) > 0) state.hungry = state.queues.some((queue) => messages.hasReady(queue));
      }
    },
    wantsClaim() {
      for (const state of consumers.values()) if (state.hungry && room(state, null) > 0) return true;
      return false;
    },
    claim(turn) {
      const fenced: number[] = [];
      for (const state of consumers.values()) {
        if (!state.hungry || room(state, turn) <= 0) continue;
        if (!claimFor(state, turn)) fenced.push(state.inc);
      }
      for (const inc of fenced) {
        turn.onCommit.push(() => {
          consumers.delete(inc);
          locks.release(inc);
        });
      }
      return fenced;
    },
  };
}
