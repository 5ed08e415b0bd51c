/** Names of pools on a command line: ours, and those a Celery user has in the fingers. */
import type { Setting } from "@celeriac/core/runtime";
import { type PoolKind, poolKinds, workerOptionTable } from "@celeriac/worker";

/** Celery's name → the pool that does the same here. */
const celeryPools: Readonly<Record<string, PoolKind>> = { gevent: "async", eventlet: "async", processes: "prefork" };

export function poolOf(name: string): PoolKind | undefined {
  return poolKinds.find((kind) => kind === name) ?? celeryPools[name];
}

const { kind, default: fallback, doc } = workerOptionTable.pool;

/** The name as written, so that the log can say what it was taken for. */
export const poolSetting: Setting<string> = {
  kind,
  default: fallback,
  doc: `${doc} Celery's gevent and eventlet mean async, its processes prefork.`,
  read: (value) => (poolOf(String(value)) === undefined ? undefined : String(value)),
};
