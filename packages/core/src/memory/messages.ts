/** The queues of a space: messages put in, claimed, put back, removed. Nothing here waits, so every step is whole. */

import { Heap } from "../heap.ts";
import { ExpiringMap } from "./expiring-map.ts";

/** A message on its way in: the head is JSON, so that whoever gets it shares nothing with who sent it. */
export interface NewMessage {
  readonly tag: string;
  readonly queue: string;
  /** 9 - priority: lower is sooner */
  readonly rank: number;
  /** epoch ms, or null = at once */
  readonly dueAt: number | null;
  readonly guarded: boolean;
  readonly head: string;
  readonly body: Uint8Array;
}

export interface StoredMessage {
  readonly content: NewMessage;
  /** Grows with each message and stays with it: one that is put back has its old place in line. */
  readonly id: number;
  /** epoch ms since when it is ready, or at which it will be */
  readyAt: number;
  claims: number;
  deliveries: number;
  /** number of the claim under which it is held, never given twice; null = nobody holds it */
  claim: number | null;
}

interface Queue {
  readonly ready: Heap<StoredMessage>;
  readonly delayed: Heap<StoredMessage>;
}

/** A guarded publication is the same message for this long. */
const guardMs = 600_000;

export class Messages {
  readonly #queues = new Map<string, Queue>();
  readonly #publications = new ExpiringMap<true>();
  readonly #listeners = new Map<string, Set<() => void>>();
  readonly #paused = new Set<string>();
  #lastId = 0;
  #lastClaim = 0;

  /** Calls `wake` when something was put into one of the queues. Gives what ends that. */
  listen(queues: readonly string[], wake: () => void): () => void {
    for (const queue of queues) {
      const listeners = this.#listeners.get(queue) ?? new Set();
      this.#listeners.set(queue, listeners.add(wake));
    }
    return () => {
      for (const queue of queues) {
        const listeners = this.#listeners.get(queue);
        listeners?.delete(wake);
        if (listeners?.size === 0) this.#listeners.delete(queue);
      }
    };
  }

  /** Nothing happens for a guarded message that was there within the last 10 minutes. */
  insert(content: NewMessage, now: number): void {
    const { queue, tag, dueAt, guarded } = content;
    if (guarded) {
      const key = JSON.stringify([queue, tag]);
      if (this.#publications.get(key, now) !== undefined) return;
      this.#publications.set(key, true, now + guardMs, now);
    }
    this.#lastId += 1;
    this.#place({ content, id: this.#lastId, readyAt: now, claims: 0, deliveries: 0, claim: null }, dueAt, now);
  }

  /** The next in line, now held under a claim; null when nothing is ready, or the queue is paused. */
  claim(name: string, now: number): StoredMessage | null {
    const queue = this.#queue(name, now);
    const message = this.#paused.has(name) ? undefined : queue?.ready.take();
    if (message === undefined) return null;
    this.#lastClaim += 1;
    message.claim = this.#lastClaim;
    message.claims += 1;
    return message;
  }

  /** Ends a claim for good: the message is in no queue. */
  remove(message: StoredMessage): void {
    message.claim = null;
  }

  /** Ends a claim: the message is back at its place, or will be at `dueAt`. */
  putBack(message: StoredMessage, { dueAt, counted, now }: PutBack): void {
    message.claim = null;
    if (counted) message.deliveries += 1;
    this.#place(message, dueAt, now);
  }

  /** When the next delayed message of a queue is due, epoch ms. */
  nextDue(name: string): number | null {
    return this.#queues.get(name)?.delayed.first()?.readyAt ?? null;
  }

  length(name: string, now: number): number {
    return this.#queue(name, now)?.ready.size ?? 0;
  }

  /** Since when the next in line is ready, epoch ms. */
  oldest(name: string, now: number): number | null {
    return this.#queue(name, now)?.ready.first()?.readyAt ?? null;
  }

  peek(name: string, limit: number, now: number): readonly StoredMessage[] {
    const ready = this.#queue(name, now)?.ready;
    if (ready === undefined) return [];
    const next: StoredMessage[] = [];
    while (next.length < limit && ready.size > 0) next.push(ready.take()!);
    for (const message of next) ready.add(message);
    return next;
  }

  names(): readonly string[] {
    return [...this.#queues.keys(), ...this.#paused];
  }

  pause(name: string): void {
    this.#paused.add(name);
  }

  resume(name: string): void {
    if (this.#paused.delete(name)) this.#wake(name);
  }

  isPaused(name: string): boolean {
    return this.#paused.has(name);
  }

  /** Removes what is ready and what is delayed; gives how many. */
  purge(name: string): number {
    const queue = this.#queues.get(name);
    if (queue === undefined) return 0;
    this.#queues.delete(name);
    return queue.ready.size + queue.delayed.size;
  }

  #place(message: StoredMessage, dueAt: number | null, now: number): void {
    const { queue: name } = message.content;
    const queue = this.#queues.get(name) ?? createQueue();
    this.#queues.set(name, queue);
    const isDelayed = dueAt !== null && dueAt > now;
    message.readyAt = isDelayed ? dueAt : now;
    (isDelayed ? queue.delayed : queue.ready).add(message);
    this.#wake(name);
  }

  #wake(name: string): void {
    for (const wake of this.#listeners.get(name) ?? []) wake();
  }

  /** The queue with everything ready that is due; undefined when it is empty, and then forgotten. */
  #queue(name: string, now: number): Queue | undefined {
    const queue = this.#queues.get(name);
    if (queue === undefined) return undefined;
    const { ready, delayed } = queue;
    for (let next = delayed.first(); next !== undefined && next.readyAt <= now; next = delayed.first()) ready.add(delayed.take()!);
    if (ready.size + delayed.size > 0) return queue;
    this.#queues.delete(name);
    return undefined;
  }
}

interface PutBack {
  /** epoch ms, or null = at once */
  readonly dueAt: number | null;
  /** a run of it had begun */
  readonly counted: boolean;
  readonly now: number;
}

function createQueue(): Queue {
  return {
    ready: new Heap((one, other) => rankOf(one) < rankOf(other) || (rankOf(one) === rankOf(other) && one.id < other.id)),
    delayed: new Heap((one, other) => one.readyAt < other.readyAt || (one.readyAt === other.readyAt && one.id < other.id)),
  };
}

function rankOf({ content }: StoredMessage): number {
  return content.rank;
}
