/** What workers last said of themselves. Asked in the background, a few at a time, and one by one when somebody wants to know it of that one. */
import { type AppRuntime, askWorkers, type Clock, type ControlReply, callOf, type Logger, partsOf, reasonOf } from "@celeriac/core/runtime";
import type { Redactor } from "../security/redaction.ts";

/** Flower's names of them, and Celery's. */
export const inspectMethods = ["stats", "active_queues", "registered", "scheduled", "active", "reserved", "revoked", "conf"] as const;
export type InspectMethod = (typeof inspectMethods)[number];

/** What one worker has answered; what it was not asked, or has not answered, is not in it. */
export type Inspected = { readonly [M in InspectMethod]?: unknown } & {
  /** epoch seconds of its last answer */
  readonly timestamp: number;
};

export interface Inspection {
  readonly workers: ReadonlyMap<string, Inspected>;
  /** Asks one worker now, or all that were not asked for half a minute; who asks the same meanwhile joins. Rejects with BROKER_*, PUBLISH_*. */
  refresh(worker?: string): Promise<void>;
  /** What it said does not hold any more: who asks all asks it again. */
  changed(worker: string): void;
  /** That it is there: one that has not been asked yet is, soon. */
  seen(worker: string): void;
  forget(workers: readonly string[]): void;
  close(): void;
}

export interface InspectionOptions {
  readonly runtime: AppRuntime;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly redactor: Redactor;
  readonly timeoutMs: number;
}

/** So long it is waited for more workers that have just started: they are asked together. */
const gatherMs = 1_000;
/** In so long all are asked once more. */
const sweepMs = 300_000;
/** So old an answer may be for who asks all. */
const freshMs = 30_000;
/** So many are asked at once, however many there are: each answers eight times. */
const groupSize = 25;
/** Between two groups, where somebody waits for them. */
const restMs = 50;

export function createInspection({ runtime, clock, logger, redactor, timeoutMs }: InspectionOptions): Inspection {
  const workers = new Map<string, Inspected>();
  const asking = new Map<string, Promise<void>>();
  const fresh = new Set<string>();
  const closing = new AbortController();
  /** name → when, by the monotonic clock */
  const askedAt = new Map<string, number>();
  const answeredAt = new Map<string, number>();
  let gathering = false;
  void sweep();

  async function ask(destination: readonly string[]): Promise<void> {
    for (const name of destination) askedAt.set(name, clock.monotonic());
    await Promise.all(
      inspectMethods.map(async (method) => {
        for (const reply of await tell(method, destination)) keep(method, reply);
      }),
    );
  }

  async function tell(method: InspectMethod | "ping", destination: readonly string[] | null): Promise<readonly ControlReply[]> {
    const audience = destination === null ? {} : { destination };
    const wait = { timeoutMs, limit: destination?.length ?? null, signal: closing.signal };
    return await askWorkers(await partsOf(runtime), callOf(method, argumentsOf(method), audience), wait);
  }

  /** First who is there, which costs one word of each. */
  async function askAll(): Promise<void> {
    const there = (await tell("ping", null)).map(({ hostname }) => hostname);
    await inGroups(there.filter(isStale), ask);
  }

  function isStale(worker: string): boolean {
    const at = answeredAt.get(worker);
    return at === undefined || clock.monotonic() - at >= freshMs;
  }

  function keep(method: InspectMethod, { hostname, value }: ControlReply): void {
    // A worker that refuses says {error}; what it said before is older, and still the best that is known.
    if (value === null || value === undefined || (typeof value === "object" && Object.hasOwn(value, "error"))) return;
    answeredAt.set(hostname, clock.monotonic());
    workers.set(hostname, { ...workers.get(hostname), [method]: redactor.value(value), timestamp: clock.now() / 1_000 });
  }

  /** Joins whoever asks the same. */
  function refresh(worker?: string): Promise<void> {
    const key = worker ?? "";
    const known = asking.get(key);
    if (known !== undefined) return known;
    const answered = (worker === undefined ? askAll() : ask([worker])).finally(() => asking.delete(key));
    asking.set(key, answered);
    return answered;
  }

  async function askQuietly(destination: readonly string[]): Promise<void> {
    try {
      await ask(destination);
    } catch (error) {
      logger.debug("workers could not be inspected", { workers: destination.length, reason: reasonOf(error) });
    }
  }

  async function inGroups(names: readonly string[], askGroup: (group: readonly string[]) => Promise<void>): Promise<void> {
    for (let at = 0; at < names.length && !closing.signal.aborted; at += groupSize) {
      if (at > 0) await clock.sleep(jittered(restMs), closing.signal);
      // Others may have asked them meanwhile.
      const group = names.slice(at, at + groupSize).filter(isStale);
      if (group.length > 0) await askGroup(group);
    }
  }

  /** Those that were not asked for longest, group by group, spread over the whole time; several monitors drift apart. Never rejects. */
  async function sweep(): Promise<void> {
    while (!closing.signal.aborted) {
      const groups = Math.max(1, Math.ceil(workers.size / groupSize));
      await clock.sleep(jittered(sweepMs / groups), closing.signal, { background: true });
      const longestAgo = [...workers.keys()].sort((one, other) => (askedAt.get(one) ?? 0) - (askedAt.get(other) ?? 0));
      const group = longestAgo.slice(0, groupSize).filter(isStale);
      if (group.length > 0 && !closing.signal.aborted) await askQuietly(group);
    }
  }

  return {
    workers,
    refresh,
    seen(worker) {
      if (workers.has(worker) || fresh.has(worker)) return;
      fresh.add(worker);
      if (gathering) return;
      gathering = true;
      void clock.sleep(gatherMs, closing.signal, { background: true }).then(async () => {
        gathering = false;
        const names = [...fresh];
        await inGroups(names, askQuietly);
        for (const name of names) fresh.delete(name);
      });
    },
    changed: (worker) => void answeredAt.delete(worker),
    forget(names) {
      for (const name of names) for (const each of [workers, askedAt, answeredAt]) each.delete(name);
    },
    close: () => closing.abort(),
  };
}

/** Half of it to half more. */
function jittered(ms: number): number {
  return ms * (0.5 + Math.random());
}

function argumentsOf(method: InspectMethod | "ping"): object {
  if (method === "conf") return { with_defaults: false };
  return {};
}
