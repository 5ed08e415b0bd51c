/** A worker as our own API has it: what it tells in its heartbeats, and what it last answered when it was asked. Pure. */
import type { WorkerRow, WorkerView } from "../../shared/contract.ts";
import type { Inspected } from "../cluster/inspection.ts";
import { queueNames } from "../cluster/queue-watch.ts";
import type { WorkerRecord } from "../history/history.ts";

export function workerRow(worker: WorkerRecord, inspected: Inspected | undefined): WorkerRow {
  const { counts } = worker;
  const count = (type: string) => counts[`task-${type}`] ?? 0;
  return {
    name: worker.hostname,
    online: worker.online,
    active: worker.active,
    slots: slotsOf(inspected?.stats),
    // Flower's number: what it has received since the monitor keeps its history.
    processed: count("received"),
    succeeded: count("succeeded"),
    failed: count("failed"),
    retried: count("retried"),
    loadavg: worker.loadavg,
    software: worker.swIdent === null ? null : [worker.swIdent, worker.swVer].filter((part) => part !== null).join(" "),
    pid: worker.pid,
    heardAt: worker.heardAt,
    queues: inspected?.active_queues === undefined ? null : queueNames(inspected.active_queues),
  };
}

export function workerView(worker: WorkerRecord, inspected: Inspected | undefined): WorkerView {
  return {
    ...workerRow(worker, inspected),
    inspectedAt: inspected?.timestamp ?? null,
    stats: objectOr(inspected?.stats),
    activeQueues: objectsOr(inspected?.active_queues),
    registered: textsOr(inspected?.registered),
    activeTasks: objectsOr(inspected?.active),
    reserved: objectsOr(inspected?.reserved),
    scheduled: objectsOr(inspected?.scheduled),
    revoked: textsOr(inspected?.revoked),
    conf: objectOr(inspected?.conf),
  };
}

type Loose = Readonly<Record<string, unknown>>;

function slotsOf(stats: unknown): number | null {
  const slots = objectOr(objectOr(stats)?.["pool"])?.["max-concurrency"];
  return typeof slots === "number" ? slots : null;
}

/** Workers are of any version, and of any language: what has not the form that is expected is not shown. */
function objectOr(value: unknown): Loose | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Loose) : null;
}

function objectsOr(value: unknown): readonly Loose[] | null {
  return Array.isArray(value) ? value.map(objectOr).filter((each) => each !== null) : null;
}

function textsOr(value: unknown): readonly string[] | null {
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === "string") : null;
}
