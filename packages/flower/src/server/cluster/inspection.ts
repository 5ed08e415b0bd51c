/** What workers last said of themselves. Asked in the background and when somebody asks for it, never because a page is shown. */
import { type AppRuntime, askWorkers, type ControlReply, callOf, type Logger, partsOf, reasonOf } from "@celeriac/core/runtime";
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
  /** Asks one worker, or all, now; who asks the same meanwhile joins. Rejects with BROKER_*, PUBLISH_*. */
  refresh(worker?: string): Promise<void>;
  /** That it is there: one that has not been asked yet is, soon. */
  seen(worker: string): void;
  forget(workers: readonly string[]): void;
  close(): void;
}

export interface InspectionOptions {
  readonly runtime: AppRuntime;
  readonly logger: Logger;
  readonly redactor: Redactor;
  readonly timeoutMs: number;
}

/** So long it is waited for more workers that have just started: they are asked together. */
const gatherMs = 1_000;
const sweepMs = 300_000;
/** So many are asked at once when all are. */
const sweepSize = 25;

export function createInspection({ runtime, logger, redactor, timeoutMs }: InspectionOptions): Inspection {
  const { clock } = runtime;
  const workers = new Map<string, Inspected>();
  const asking = new Map<string, Promise<void>>();
  const fresh = new Set<string>();
  const closing = new AbortController();
  const sweeps = clock.every(sweepMs, () => void sweep());
  let gathering = false;

  async function ask(destination: readonly string[] | null): Promise<void> {
    const parts = await partsOf(runtime);
    const audience = destination === null ? {} : { destination };
    await Promise.all(
      inspectMethods.map(async (method) => {
        const wait = { timeoutMs, limit: destination?.length ?? null, signal: closing.signal };
        for (const reply of await askWorkers(parts, callOf(method, argumentsOf(method), audience), wait)) keep(method, reply);
      }),
    );
  }

  function keep(method: InspectMethod, { hostname, value }: ControlReply): void {
    // A worker that refuses says {error}; what it said before is older, and still the best that is known.
    if (value === null || value === undefined || (typeof value === "object" && Object.hasOwn(value, "error"))) return;
    workers.set(hostname, { ...workers.get(hostname), [method]: redactor.value(value), timestamp: clock.now() / 1_000 });
  }

  /** Joins whoever asks the same. */
  function refresh(worker?: string): Promise<void> {
    const key = worker ?? "";
    const known = asking.get(key);
    if (known !== undefined) return known;
    const answered = ask(worker === undefined ? null : [worker]).finally(() => asking.delete(key));
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

  async function inGroups(names: readonly string[]): Promise<void> {
    for (let at = 0; at < names.length && !closing.signal.aborted; at += sweepSize) await askQuietly(names.slice(at, at + sweepSize));
  }

  const sweep = () => inGroups([...workers.keys()]);

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
        await inGroups(names);
        for (const name of names) fresh.delete(name);
      });
    },
    forget(names) {
      for (const name of names) workers.delete(name);
    },
    close() {
      closing.abort();
      sweeps.cancel();
    },
  };
}

function argumentsOf(method: InspectMethod): object {
  if (method === "conf") return { with_defaults: false };
  return {};
}
