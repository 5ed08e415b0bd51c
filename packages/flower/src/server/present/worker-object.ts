/** A worker as Flower's list of workers has it. Pure. */
import type { WorkerRecord } from "../history/history.ts";

export function workerObject(worker: WorkerRecord): Readonly<Record<string, unknown>> {
  const known = {
    pid: worker.pid,
    sw_ident: worker.swIdent,
    sw_ver: worker.swVer,
    sw_sys: worker.swSys,
  };
  return {
    ...worker.counts,
    hostname: worker.hostname,
    freq: worker.freq,
    heartbeats: worker.heartbeats,
    clock: worker.clock,
    active: worker.active,
    processed: worker.processed,
    loadavg: worker.loadavg,
    ...Object.fromEntries(Object.entries(known).filter(([, value]) => value !== null)),
    status: worker.online,
  };
}
