/** The schedule store in the memory of one process, for those who open the same memory:// URL in it. */
import type { DriverContext } from "../driver.ts";
import { BrokerError } from "../errors.ts";
import { Entries, type KeptEntry } from "../memory/entries.ts";
import { openSpace } from "../memory/space.ts";
import type { Page, ScheduleStore } from "../schedule-store.ts";
import { writeDefinition } from "../stored-entry.ts";

/** Throws CONFIG_URL, MEMORY_OUT_OF_REACH. */
export function createMemoryScheduleStore(url: string, app: string, context: DriverContext): ScheduleStore {
  const space = openSpace(url, context);
  const { clock } = context;
  let closed = false;

  function entries(): Entries {
    if (closed) throw new BrokerError("BROKER_CLOSED", `The schedule store on ${space.label} was closed`);
    const found = space.schedules.get(app) ?? new Entries();
    space.schedules.set(app, found);
    return found;
  }

  /** All of it: it is at hand. */
  function page<E>(since: number, tell: (kept: KeptEntry) => E): Page<E> {
    const { revision, kept, removed } = entries();
    return {
      ...{ revision, isLast: true },
      entries: [...kept.values()].filter((each) => each.revision > since).map(tell),
      removed: [...removed].filter(([, at]) => at > since).map(([name]) => name),
    };
  }

  return {
    local: async () => null,
    async lead(holder, ttlMs) {
      const own = entries();
      const now = clock.now();
      const isFree = own.leader === null || own.leader.until <= now;
      if (isFree) {
        own.leader = { holder, token: ++own.token, until: now + ttlMs };
        own.removed.clear();
      } else if (own.leader?.holder === holder) own.leader = { ...own.leader, until: now + ttlMs };
      return { token: own.leader?.holder === holder ? own.leader.token : null, now, revision: own.revision };
    },
    async resign(holder) {
      const own = entries();
      if (own.leader?.holder === holder) own.leader = null;
    },
    read: async (since) => page(since, ({ entry }) => entry),
    survey: async (since) =>
      page(since, ({ entry, written: { name, digest } }) =>
        entry.source === "code" ? { ...entry, name, definition: null, digest } : entry,
      ),
    find: async (name) => entries().kept.get(name)?.entry ?? null,
    async put(source, definitions, token) {
      const own = entries();
      if (!own.mayWrite(token)) return "lost";
      const at = clock.now();
      const refused: string[] = [];
      for (const definition of definitions) {
        const found = own.kept.get(definition.name);
        const written = writeDefinition(definition);
        if (found === undefined) own.keep({ ...unrun, since: at, source, definition }, written);
        else if (found.entry.source !== source) refused.push(definition.name);
        else own.keep({ ...found.entry, definition, ...(written.timing === found.written.timing ? {} : { lastDueAt: at }) }, written);
      }
      return refused;
    },
    async remove(source, name, token) {
      const own = entries();
      if (!own.mayWrite(token) || own.kept.get(name)?.entry.source !== source) return false;
      own.drop(name);
      return true;
    },
    async setPaused(name, paused) {
      const own = entries();
      const found = own.kept.get(name);
      if (found === undefined) return false;
      const { entry, written } = found;
      own.keep({ ...entry, paused, ...(entry.paused && !paused ? { lastDueAt: clock.now() } : {}) }, written);
      return true;
    },
    async stamp(token, ticks, passed) {
      const own = entries();
      if (!own.mayWrite(token)) return "lost";
      for (const { name, dueAt } of [...passed, ...ticks]) own.note(name, { lastDueAt: dueAt });
      for (const tick of ticks) own.stamps.set(tick.taskId, tick);
      return "stamped";
    },
    async confirm(taskIds, sentAt) {
      const own = entries();
      for (const taskId of taskIds) {
        const tick = own.stamps.get(taskId);
        if (tick === undefined) continue;
        own.stamps.delete(taskId);
        own.note(tick.name, { lastSentAt: sentAt, lastTaskId: taskId, runs: (own.kept.get(tick.name)?.entry.runs ?? 0) + 1 });
      }
    },
    async withdraw(taskIds) {
      const { stamps } = entries();
      for (const taskId of taskIds) stamps.delete(taskId);
    },
    stamped: async () => [...entries().stamps.values()],
    async close() {
      closed = true;
    },
  };
}

const unrun = { paused: false, lastDueAt: null, lastSentAt: null, lastTaskId: null, runs: 0 } as const;
