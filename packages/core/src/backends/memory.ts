/** Results in the memory of one process: found by whoever opens the same memory:// URL in it. */
import type { ResultBackend, ResultRecord, ResultSubscription, StoreOutcome } from "../backend.ts";
import type { DriverContext } from "../driver.ts";
import { BackendError } from "../errors.ts";
import { openSpace } from "../memory/space.ts";
import { groupsAmongResults } from "./groups-among-results.ts";

/** Throws CONFIG_URL. In an executor it opens and knows of no result: a task may send elsewhere, and whoever asks for results gets MEMORY_OUT_OF_REACH. */
export function createMemoryBackend(url: string, context: DriverContext): ResultBackend {
  const space = context.inExecutor ? null : openSpace(url, context);
  const { clock } = context;
  const subscriptions = new Set<ResultSubscription>();
  let closed = false;

  /** What it holds, while this driver is open. */
  function opened() {
    if (space === null) return openSpace(url, context);
    if (closed) throw new BackendError("BACKEND_UNREACHABLE", `The backend on ${space.label} was closed`);
    return space;
  }
  const results = () => opened().results;
  const chords = () => opened().chords;

  const lookup = {
    store: async (record: ResultRecord): Promise<StoreOutcome> => results().store(record, clock.now()),
    get: async (taskId: string) => results().get(taskId, clock.now()),
    forget: async (taskId: string) => results().forget(taskId),
  };

  return {
    replyTo: null,
    chords: {
      open: async (start) => chords().open(start, clock.now()),
      add: async (chordId, taskId) => chords().add(chordId, taskId, clock.now()),
      count: async (parts) => chords().count(parts, clock.now()),
      parts: async (chordId) => chords().parts(chordId, clock.now()),
      beginClosing: async (chordId, by, forMs) => chords().beginClosing(chordId, by, forMs, clock.now()),
      endClosing: async (chordId) => void chords().close(chordId, clock.now()),
      keepAlive: async (chordIds, nowMs) => chords().keepAlive(chordIds, nowMs, clock.now()),
      takeQuiet: async (look) => chords().takeQuiet(look, clock.now()),
    },
    async connect() {
      results();
    },
    ...lookup,
    getMany: async (taskIds) => taskIds.map((taskId) => results().get(taskId, clock.now())),
    ...groupsAmongResults(lookup),
    async subscribe(taskId, listener) {
      const text = results().get(taskId, clock.now());
      const deafen = results().listen(taskId, listener);
      const subscription = {
        close() {
          deafen();
          subscriptions.delete(subscription);
        },
      };
      subscriptions.add(subscription);
      if (text !== null) listener(text);
      return subscription;
    },
    async health() {
      results();
    },
    async facts() {
      results();
      return { software: "memory", skewMs: null, persistent: false };
    },
    async close() {
      closed = true;
      for (const subscription of subscriptions) subscription.close();
    },
  };
}
