/** Events → what is known of a worker, by the rules of Celery's own monitors (celery/events/state.py). Pure. */
import type { HeardEvent } from "./heard-event.ts";
import type { WorkerRecord } from "./history.ts";

/** What is known of a worker before anybody asks what time it is. */
export type KnownWorker = Omit<WorkerRecord, "online">;

const mostHeartbeats = 4;
/** A worker that is silent for so many times its `freq` is taken for gone. */
const patience = 2;

export function isOnline({ heartbeats, freq }: KnownWorker, now: number): boolean {
  const last = heartbeats.at(-1);
  return last !== undefined && now < last + freq * patience;
}

/** null: nothing is kept, for somebody unknown says goodbye. `isNew`: nobody has counted this event yet. */
export function mergeWorker(known: KnownWorker | null, event: HeardEvent, isNew: boolean): KnownWorker | null {
  if (known === null && event.kind === "worker" && event.subject === "offline") return null;
  const before = known ?? unheardOf(event.hostname);
  const counts = isNew ? { ...before.counts, [event.type]: (before.counts[event.type] ?? 0) + 1 } : before.counts;
  // A worker that runs something is there.
  if (event.kind === "task") return { ...before, counts, heartbeats: withBeat(before.heartbeats, event.timestamp) };
  const { fields } = event;
  const told = <T>(name: string, read: (value: unknown) => T | undefined, otherwise: T): T => {
    const value = Object.hasOwn(fields, name) ? read(fields[name]) : undefined;
    return value === undefined ? otherwise : value;
  };
  return {
    ...before,
    counts,
    heardAt: Math.max(before.heardAt, event.timestamp),
    heartbeats: event.subject === "offline" ? [] : withBeat(before.heartbeats, event.heardAt),
    freq: told("freq", positive, before.freq),
    pid: told<number | null>("pid", number, before.pid),
    clock: event.clock,
    active: told("active", number, before.active),
    processed: told("processed", number, before.processed),
    loadavg: told("loadavg", numbers, before.loadavg),
    swIdent: told<string | null>("sw_ident", text, before.swIdent),
    swVer: told<string | null>("sw_ver", text, before.swVer),
    swSys: told<string | null>("sw_sys", text, before.swSys),
  };
}

function unheardOf(hostname: string): KnownWorker {
  return {
    ...{ hostname, heardAt: 0, heartbeats: [], freq: 60, pid: null, clock: 0, active: 0, processed: 0, loadavg: [] },
    ...{ swIdent: null, swVer: null, swSys: null, counts: {} },
  };
}

/** Oldest first, the newest four. */
function withBeat(heartbeats: readonly number[], at: number): readonly number[] {
  const kept = heartbeats.length >= mostHeartbeats ? heartbeats.slice(1 - mostHeartbeats) : heartbeats;
  const last = kept.at(-1);
  return last === undefined || at > last ? [...kept, at] : [...kept, at].sort((a, b) => a - b);
}

function number(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

function positive(value: unknown): number | undefined {
  const read = number(value);
  return read !== undefined && read > 0 ? read : undefined;
}

function numbers(value: unknown): readonly number[] | undefined {
  return Array.isArray(value) ? value.slice(0, 8).map(Number) : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value.slice(0, 256) : undefined;
}
