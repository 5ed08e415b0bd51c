/** What a monitor knows of workers and tasks from the events it heard: the newest of each, so many at most. Fed by the receiver, shown by `celeriac events`. */
import type { ReceivedEvent } from "./celery-event.ts";

export type SeenState = "SENT" | "RECEIVED" | "STARTED" | "SUCCESS" | "FAILURE" | "RETRY" | "REVOKED" | "REJECTED";

export interface SeenTask {
  readonly uuid: string;
  readonly name: string | null;
  readonly state: SeenState;
  /** node name; null until a worker has it */
  readonly worker: string | null;
  /** epoch seconds, of the newest event */
  readonly timestamp: number;
  /** what events said of it: args, kwargs, result, runtime, exception, traceback, retries, eta … */
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface SeenWorker {
  readonly hostname: string;
  /** false: it said that it goes */
  readonly isOnline: boolean;
  /** epoch seconds, when it last told that it is there */
  readonly heardAt: number;
  /** seconds between two heartbeats */
  readonly freq: number;
  readonly active: number;
  readonly processed: number;
  readonly loadavg: readonly number[];
}

const states: Readonly<Record<string, SeenState>> = {
  "task-sent": "SENT",
  "task-received": "RECEIVED",
  "task-started": "STARTED",
  "task-succeeded": "SUCCESS",
  "task-failed": "FAILURE",
  "task-retried": "RETRY",
  "task-revoked": "REVOKED",
  "task-rejected": "REJECTED",
};

/** Of two events that come in the wrong order the one that is further on the way counts, as in Celery's own monitors; a task that is retried begins again. */
const order: readonly SeenState[] = ["SENT", "RECEIVED", "STARTED", "RETRY", "REJECTED", "REVOKED", "FAILURE", "SUCCESS"];

export class ClusterView {
  readonly #tasks = new Map<string, SeenTask>();
  readonly #workers = new Map<string, SeenWorker>();
  readonly #mostTasks: number;

  /** Of more tasks those are forgotten that nothing was heard of for the longest time. */
  constructor(mostTasks = 10_000) {
    this.#mostTasks = mostTasks;
  }

  /** Newest first. */
  get tasks(): readonly SeenTask[] {
    return [...this.#tasks.values()].reverse();
  }

  get workers(): readonly SeenWorker[] {
    return [...this.#workers.values()].sort((a, b) => (a.hostname < b.hostname ? -1 : 1));
  }

  hear(event: ReceivedEvent): void {
    const state = states[event.type];
    if (state !== undefined && typeof event["uuid"] === "string") this.#hearTask(event["uuid"], state, event);
    if (event.type.startsWith("worker-") && typeof event["hostname"] === "string") this.#hearWorker(event["hostname"], event);
  }

  #hearTask(uuid: string, state: SeenState, event: ReceivedEvent): void {
    const { type, uuid: _, hostname, timestamp, utcoffset, pid, clock, name, ...told } = event;
    const known = this.#tasks.get(uuid);
    const isLater = known === undefined || order.indexOf(state) >= order.indexOf(known.state) || known.state === "RETRY";
    const fields = isLater ? { ...known?.fields, ...told } : { ...told, ...known.fields };
    const worker = state === "SENT" || typeof hostname !== "string" ? null : hostname;
    // The one that was heard of last stands last.
    this.#tasks.delete(uuid);
    this.#tasks.set(uuid, {
      uuid,
      name: typeof name === "string" ? name : (known?.name ?? null),
      state: isLater ? state : known.state,
      worker: isLater ? (worker ?? known?.worker ?? null) : (known.worker ?? worker),
      timestamp: Math.max(typeof timestamp === "number" ? timestamp : 0, known?.timestamp ?? 0),
      fields,
    });
    if (this.#tasks.size > this.#mostTasks) this.#tasks.delete(this.#tasks.keys().next().value as string);
  }

  #hearWorker(hostname: string, event: ReceivedEvent): void {
    const known = this.#workers.get(hostname);
    const number = (name: "freq" | "active" | "processed", otherwise: number) =>
      typeof event[name] === "number" ? event[name] : (known?.[name] ?? otherwise);
    this.#workers.set(hostname, {
      hostname,
      isOnline: event.type !== "worker-offline",
      heardAt: typeof event["timestamp"] === "number" ? event["timestamp"] : (known?.heardAt ?? 0),
      freq: number("freq", 60),
      active: number("active", 0),
      processed: number("processed", 0),
      loadavg: Array.isArray(event["loadavg"]) ? event["loadavg"].map(Number) : (known?.loadavg ?? []),
    });
  }
}

/** Celery's rule: alive for twice the time between two heartbeats. */
export function isAlive({ isOnline, heardAt, freq }: SeenWorker, nowMs: number): boolean {
  return isOnline && nowMs / 1_000 - heardAt <= 2 * freq;
}
