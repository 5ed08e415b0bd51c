/** An executor of so many seats, in each of which one instance runs at a time on this machine: what the sequential and the local one have in common. */
import { type Clock, reasonOf } from "@celeriac/core/runtime";
import { createEventBuffer } from "../event-buffer.ts";
import type { Executor, ExecutorEvent, QueuedInstance } from "../executor.ts";

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

/** Seats are opened when they are first needed. */
export function createSeatedExecutor(name: "sequential" | "local", seatCount: number, openSeat: () => Seat, clock: Clock): Executor {
  const events = createEventBuffer();
  const seats: Seat[] = [];
  const idle: Seat[] = [];
  const waiting: QueuedInstance[] = [];
  const running = new Map<Seat, Taken>();
  let isOpen = true;
  let opening = 0;

  /** Whoever waits takes the first seat that is free, be it one that opens or one that is left: many an instance takes less time than a process to start. */
  const fill = () => {
    for (let seat = idle.pop(); seat !== undefined; seat = idle.pop()) {
      const instance = isOpen ? waiting.shift() : undefined;
      if (instance === undefined) {
        idle.push(seat);
        return;
      }
      running.set(seat, { instance, ended: occupy(seat, instance) });
    }
    while (isOpen && opening < waiting.length && seats.length < seatCount) void openOne();
  };
  const openOne = async () => {
    const seat = openSeat();
    seats.push(seat);
    opening++;
    await seat.open();
    opening--;
    idle.push(seat);
    fill();
  };
  const occupy = async (seat: Seat, instance: QueuedInstance) => {
    const end = await seat.run(instance).catch((error): SeatEnd => ({ kind: "lost", reason: reasonOf(error) }));
    running.delete(seat);
    idle.push(seat);
    fill();
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
      for (const instance of waiting.splice(0)) events.add(unrun(instance));
      const over = new AbortController();
      await Promise.race([allEnded(), clock.sleep(deadlineMs, over.signal)]);
      over.abort();
      for (const seat of running.keys()) seat.interrupt("stopped");
      await allEnded();
      await Promise.all(seats.map((seat) => seat.close()));
    },
  };
}

function unrun(instance: QueuedInstance): ExecutorEvent {
  return { instance, kind: "lost", reason: "the executor was stopped" };
}
