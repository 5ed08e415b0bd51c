/**
 * The scheduler as a service: rounds over its steps until it is stopped. Any number may run on one store. All that one knows lies in the store, so
 * that it may die at any point: another adopts what it had queued. Duties: 1. say that it lives, 2. go round while there is something to do, and
 * sleep until it is woken or the idle time is over, 3. leave what it had queued to the others when it stops.
 */
import { randomUUID } from "node:crypto";
import { createService, reasonOf, type Service } from "@celeriac/core/runtime";
import { createRounds, type RoundParts } from "./rounds.ts";
import type { SchedulerSettings } from "./scheduler-settings.ts";

export type SchedulerParts = Omit<RoundParts, "id"> & {
  readonly hostname: string;
  readonly settings: SchedulerSettings;
};

/** Time to stop where nobody says how much there is. */
const usualStopMs = 10_000;

/** The store is its owner's: open until the scheduler has stopped. Starting throws what store and executor throw. */
export function createScheduler(parts: SchedulerParts): Service {
  const { store, executor, clock, logger, hostname, settings } = parts;
  const id = `${hostname}.${randomUUID()}`;
  const startedAt = clock.now();
  const rounds = createRounds({ ...parts, id });
  const stopping = new AbortController();
  let idle = new AbortController();
  let loop: Promise<void> | null = null;
  let beating: Promise<void> | null = null;
  let failing = false;

  const beat = () => store.write(({ schedulers }) => schedulers.put({ id, hostname, startedAt, heartbeatAt: clock.now() }));
  const timer = clock.every(settings.heartbeatMs, () => {
    if (loop === null) return;
    const failed = (error: unknown) => logger.debug("the store did not take the scheduler's heartbeat", { reason: reasonOf(error) });
    beating ??= beat()
      .catch(failed)
      .finally(() => {
        beating = null;
      });
  });

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      idle = new AbortController();
      const nextAt = await round();
      const waitMs = Math.min(nextAt - clock.now(), settings.idleMs);
      if (waitMs > 0) await clock.sleep(waitMs, idle.signal);
    }
  }

  /** A store that does not answer is asked again: what runs goes on meanwhile. */
  async function round(): Promise<number> {
    try {
      const nextAt = await rounds.round();
      if (failing) logger.info("the scheduler goes on");
      failing = false;
      return nextAt;
    } catch (error) {
      if (!failing) logger.error("a round of the scheduler failed: it tries again", { reason: reasonOf(error) });
      failing = true;
      return Number.POSITIVE_INFINITY;
    }
  }

  return createService("the scheduler", {
    async start() {
      await beat();
      await executor.start();
      executor.onEvent(() => idle.abort());
      loop = run();
      logger.info("the scheduler runs", { scheduler: id, executor: executor.name, store: store.label });
    },
    async stop(deadlineMs = usualStopMs) {
      timer.cancel();
      stopping.abort();
      idle.abort();
      await loop;
      await executor.end(deadlineMs);
      await beating;
      await rounds.log();
      // Whoever is left, or comes next, adopts what still runs elsewhere.
      await rounds
        .hear()
        .then(() => store.write(({ schedulers }) => schedulers.remove(id)))
        .catch((error: unknown) => logger.warn("the scheduler could not say good-bye", { reason: reasonOf(error) }));
    },
  });
}
