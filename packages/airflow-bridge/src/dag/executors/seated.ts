/** An executor of so many seats, in each of which one instance runs at a time on this machine: what the sequential and the local one have in common. */
import { type Clock, reasonOf, type Timer } from "@celeriac/core/runtime";
import { createEventBuffer } from "./event-buffer.ts";
import type { Executor, ExecutorEvent, QueuedInstance } from "./executor.ts";

export interface Seat {
  /** Resolves when something can run here, or will be told that nothing can. Never rejects. */
  open(): Promise<void>;
  /** Resolves when the instance has left the seat; what was to be written of it is written then. */
  run(instance: QueuedInstance): Promise<SeatEnd>;
  /** Tells what runs here to end; what does not heed it is ended or left behind soon after. Nothing where nothing runs. */
  interrupt(why: "revoked" | "stopped"): void;
  /** Ends the seat when it is idle. */
  close(): Promise<void>;
}

export type SeatEnd = { readonly kind: "left" } | { readonly kind: "lost" | "failed"; readonly reason: string };

interface Taken {
  readonly instance: QueuedInstance;
  readonly ended: Promise<void>;
}

interface IdleSeat {
  readonly seat: Seat;
  /** on the clock's monotonic time */
  readonly since: number;
}

export interface SeatedOptions {
  readonly name: "sequential" | "local";
  readonly seatCount: number;
  readonly openSeat: () => Seat;
  /** after so long without work a seat is closed; null: never */
  readonly keepIdleMs: number | null;
  readonly clock: Clock;
}

/** Seats are opened when they are first needed. */
export function createSeatedExecutor({ name, seatCount, openSeat, keepIdleMs, clock }: SeatedOptions): Executor {
  const events = createEventBuffer();
  const seats = new Set<Seat>();
  /** The one that has been idle for longest first, and taken last: those that are too many are never taken, and close. */
  const idle: IdleSeat[] = [];
  const closing = new Set<Promise<void>>();
  let closer: Timer | null = null;
  const waiting: QueuedInstance[] = [];
  const running = new Map<Seat, Taken>();
  let isOpen = true;
  let opening = 0;

  /** Whoever waits takes the first seat that is free, be it one that opens or one that is left: many an instance takes less time than a process to start. */
  const fill = () => {
    while (isOpen && idle.length > 0 && waiting.length > 0) {
      const { seat } = idle.pop()!;
      const instance = waiting.shift()!;
      running.set(seat, { instance, ended: occupy(seat, instance) });
    }
    while (isOpen && opening < waiting.length && seats.size < seatCount) void openOne();
    closeLater();
  };
  const rest = (seat: Seat) => {
    idle.push({ seat, since: clock.monotonic() });
    fill();
  };
  const closeLater = () => {
    closer?.cancel();
    closer = null;
    const [longest] = idle;
    if (keepIdleMs === null || longest === undefined || !isOpen) return;
    closer = clock.after(longest.since + keepIdleMs - clock.monotonic(), closeIdle, { background: true });
  };
  const closeIdle = () => {
    const until = clock.monotonic() - keepIdleMs!;
    while (idle[0] !== undefined && idle[0].since <= until) close(idle.shift()!.seat);
    closeLater();
  };
  const close = (seat: Seat) => {
    seats.delete(seat);
    const closed = seat.close().finally(() => closing.delete(closed));
    closing.add(closed);
  };
  const openOne = async () => {
    const seat = openSeat();
    seats.add(seat);
    opening++;
    await seat.open();
    opening--;
    rest(seat);
  };
  const occupy = async (seat: Seat, instance: QueuedInstance) => {
    const end = await seat.run(instance).catch((error): SeatEnd => ({ kind: "lost", reason: reasonOf(error) }));
    running.delete(seat);
    rest(seat);
    if (end.kind === "left") events.tell();
    else events.add({ instance, kind: end.kind, reason: end.reason } satisfies ExecutorEvent);
  };
  const allEnded = () => Promise.all([...running.values()].map(({ ended }) => ended));

  return {
    name,
    get slots() {
      return isOpen ? Math.max(0, seatCount - running.size - waiting.length) : 0;
    },
    async start() {},
    async queue(instances) {
      if (!isOpen) for (const instance of instances) events.add(unrun(instance));
      else waiting.push(...instances);
      fill();
    },
    sync: async () => events.take(),
    /** What another scheduler's process ran goes on until it ends, and says so to the store; what waited there waits for nobody. */
    async adopt(instances) {
      const ours = new Set([...waiting, ...[...running.values()].map(({ instance }) => instance)].map(({ externalId }) => externalId));
      return instances.filter(({ state, externalId }) => state !== "running" && !ours.has(externalId));
    },
    async revoke({ externalId }) {
      const at = waiting.findIndex((each) => each.externalId === externalId);
      if (at >= 0) waiting.splice(at, 1);
      for (const [seat, { instance }] of running) if (instance.externalId === externalId) seat.interrupt("revoked");
    },
    onEvent: events.onEvent,
    async end(deadlineMs) {
      isOpen = false;
      closer?.cancel();
      for (const instance of waiting.splice(0)) events.add(unrun(instance));
      const over = new AbortController();
      await Promise.race([allEnded(), clock.sleep(deadlineMs, over.signal)]);
      over.abort();
      for (const seat of running.keys()) seat.interrupt("stopped");
      await allEnded();
      for (const seat of [...seats]) close(seat);
      await Promise.all(closing);
    },
  };
}

function unrun(instance: QueuedInstance): ExecutorEvent {
  return { instance, kind: "lost", reason: "the executor was stopped" };
}
