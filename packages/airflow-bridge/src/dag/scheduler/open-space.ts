/** Room for instances in pools and runs while some are queued: a part of the critical section, without I/O. */
import type { InstanceRecord, PoolRecord, RunPlace } from "../records.ts";
import type { ScheduledDags } from "./scheduled-dag.ts";

export interface OpenSpace {
  /** Takes the room that it needs. false: there is not enough, and what it lacked is full from now on, so that nobody lighter overtakes it. */
  take(instance: InstanceRecord): boolean;
  full(): { readonly pools: readonly string[]; readonly runs: readonly RunPlace[] };
}

export interface SpaceView {
  readonly pools: readonly PoolRecord[];
  /** slots by pool */
  readonly used: ReadonlyMap<string, number>;
  readonly active: readonly (RunPlace & { readonly active: number })[];
  readonly dags: ScheduledDags;
}

interface Room {
  left: number;
  isFull: boolean;
}

export function openSpace({ pools, used, active, dags }: SpaceView): OpenSpace {
  const byPool = new Map(pools.map(({ name, slots }) => [name, roomOf(slots - (used.get(name) ?? 0))]));
  // Of a pool that is not there nothing begins.
  const poolOf = (name: string) => byPool.get(name) ?? byPool.set(name, roomOf(0)).get(name)!;
  const byRun = new Map<string, Room & { readonly place: RunPlace }>();
  const runOf = ({ dagId, runId }: RunPlace, alreadyActive = 0) => {
    const key = JSON.stringify([dagId, runId]);
    const known = byRun.get(key);
    if (known !== undefined) return known;
    const room = { ...roomOf((dags.get(dagId)?.model.maxActiveTasks ?? 0) - alreadyActive), place: { dagId, runId } };
    byRun.set(key, room);
    return room;
  };
  for (const counted of active) runOf(counted, counted.active);

  return {
    take(instance) {
      const [pool, run] = [poolOf(instance.pool), runOf(instance)];
      if (run.left < 1) run.isFull = true;
      else if (pool.left < instance.poolSlots) pool.isFull = true;
      if (run.isFull || pool.isFull) return false;
      pool.left -= instance.poolSlots;
      run.left -= 1;
      return true;
    },
    full: () => ({
      pools: [...byPool].filter(([, { isFull }]) => isFull).map(([name]) => name),
      runs: [...byRun.values()].filter(({ isFull }) => isFull).map(({ place }) => place),
    }),
  };
}

function roomOf(left: number): Room {
  return { left, isFull: left <= 0 };
}
