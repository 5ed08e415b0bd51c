/** One round after another of a scheduler: which steps it takes in which order, and what it remembers between two of them. */
import { type Clock, type Logger, reasonOf } from "@celeriac/core/runtime";
import type { Executor, ExecutorEvent, QueuedInstance } from "../executors/executor.ts";
import { failpoint } from "../failpoint.ts";
import type { DagModel } from "../model.ts";
import type { InstanceRecord } from "../records.ts";
import type { DagStore } from "../store/store.ts";
import { adopt } from "./adopt.ts";
import { createRuns } from "./create-runs.ts";
import type { EndView } from "./end-held.ts";
import { endSilent } from "./end-silent.ts";
import { explainWaits } from "./explain-waits.ts";
import { hearEvent } from "./hear-event.ts";
import { createLogWriter, type LogWriter } from "./log-writer.ts";
import { type Look, lookAtRuns } from "./look-at-runs.ts";
import { putDags } from "./put-dags.ts";
import { queueInstances } from "./queue-instances.ts";
import { requeueStuck } from "./requeue-stuck.ts";
import { type ScheduledDag, scheduledDag } from "./scheduled-dag.ts";
import type { RoundSettings } from "./scheduler-settings.ts";
import { startRuns } from "./start-runs.ts";

export interface RoundParts {
  /** of the scheduler */
  readonly id: string;
  readonly store: DagStore;
  readonly executor: Executor;
  readonly settings: RoundSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Asked in each round: those that are made of rows come and go. */
  dags(): Iterable<DagModel>;
}

export interface Rounds {
  /** When to go round again: at once (in the past) while there is more to do. Infinity: when something happens, or time has gone by. */
  round(): Promise<number>;
  /** Writes what the executor saw. */
  hear(): Promise<void>;
  /** Resolves when the logs beside the store have what was seen, as far as they could be written. */
  log(): Promise<void>;
}

/** Runs that one transaction makes, or looks at. */
const runsAtOnce = 20;
/** The store is told again of all DAGs: they are still there. */
const putEveryMs = 60_000;

export function createRounds(parts: RoundParts): Rounds {
  return new RoundsOfOne(parts);
}

class RoundsOfOne implements Rounds {
  readonly #parts: RoundParts;
  readonly #logs: LogWriter;
  /** made of the models that were seen last */
  #dags = new Map<string, ScheduledDag>();
  /** whose schedule is none */
  #refused = new WeakSet<DagModel>();
  #events: ExecutorEvent[] = [];
  #putAllAt = 0;
  #carefulAt = 0;
  /** the earliest of the runs looked at */
  #nextLookAt = Number.POSITIVE_INFINITY;

  constructor(parts: RoundParts) {
    this.#parts = parts;
    this.#logs = createLogWriter(parts);
  }

  async round(): Promise<number> {
    const { store, clock } = this.#parts;
    const now = clock.now();
    await this.#putDags(now);
    if (now >= this.#carefulAt) await this.#beCareful(now);
    const heard = await this.#hear(now);
    const made = (await createRuns(store, this.#dags, now, runsAtOnce)) + (await startRuns(store, this.#dags, now));
    const looked = await this.#look(now);
    // What a round has to do does not wait for another database.
    this.#logs.begin(this.#dags);
    const queued = await this.#queue();
    const isBusy = heard + made + looked + queued > 0;
    return isBusy ? now : Math.min(this.#nextLookAt, this.#carefulAt);
  }

  async hear(): Promise<void> {
    await this.#hear(this.#parts.clock.now());
  }

  async log(): Promise<void> {
    await this.#logs.end(this.#dags);
  }

  async #putDags(now: number): Promise<void> {
    const { dags, store, logger } = this.#parts;
    const found = new Map<string, ScheduledDag>();
    for (const model of dags()) {
      const known = this.#dags.get(model.id);
      if (known?.model === model) found.set(model.id, known);
      else if (!this.#refused.has(model)) {
        try {
          found.set(model.id, scheduledDag(model));
        } catch (error) {
          this.#refused.add(model);
          logger.error("a DAG is left out", { dag: model.id, reason: reasonOf(error) });
        }
      }
    }
    const isTimeForAll = now >= this.#putAllAt;
    const changed = [...found.values()].filter((dag) => isTimeForAll || this.#dags.get(dag.model.id) !== dag);
    if (changed.length > 0) await putDags(store, changed, now);
    this.#dags = found;
    if (isTimeForAll) this.#putAllAt = now + putEveryMs;
  }

  /** What only time tells: who has died, and what got stuck. */
  async #beCareful(now: number): Promise<void> {
    const { store, executor, settings, id, logger } = this.#parts;
    const adopted = await adopt(store, executor, { scheduler: id, silentBefore: now - settings.deadAfterMs });
    if (adopted > 0) logger.info("task instances were adopted", { count: adopted });
    const silent = await endSilent(store, settings.silentAfterMs, this.#endView(now));
    const stuckView = { ...this.#endView(now), scheduler: id, queuedTimeoutMs: settings.queuedTimeoutMs };
    const stuck = await requeueStuck(store, stuckView);
    for (const instance of await explainWaits(store, [...this.#dags.keys()]))
      logger.warn("a task instance waits for a pool", { ...placeOf(instance), reason: instance.reason });
    for (const instance of silent) logger.warn("a task instance died", placeOf(instance));
    for (const instance of stuck) logger.warn("a task instance got stuck in its queue", placeOf(instance));
    await this.#revoke([...silent, ...stuck]);
    this.#carefulAt = now + settings.heartbeatMs;
  }

  async #hear(now: number): Promise<number> {
    const { store, executor } = this.#parts;
    this.#events.push(...(await executor.sync()));
    const count = this.#events.length;
    if (count > 0) failpoint("events.taken");
    // One that could not be written is written in the next round.
    for (let event = this.#events[0]; event !== undefined; event = this.#events[0]) {
      await hearEvent(store, event, this.#endView(now));
      this.#events.shift();
    }
    return count;
  }

  async #look(now: number): Promise<number> {
    const { store, settings } = this.#parts;
    if (now >= this.#nextLookAt) this.#nextLookAt = Number.POSITIVE_INFINITY;
    const { looks, revoked } = await lookAtRuns(store, this.#dags, now, { limit: runsAtOnce, maxMapLength: settings.maxMapLength });
    for (const look of looks) this.#tell(look);
    await this.#revoke(revoked);
    return looks.length;
  }

  #tell({ run: { dagId, runId }, decision: { state, reason, lookAt } }: Look): void {
    const { logger } = this.#parts;
    if (lookAt !== null) this.#nextLookAt = Math.min(this.#nextLookAt, lookAt);
    if (state === "running") return;
    const fields = { dag: dagId, run: runId, state };
    logger.info("a run has ended", reason === null ? fields : { ...fields, reason });
  }

  async #queue(): Promise<number> {
    const { store, executor, settings, id, clock } = this.#parts;
    const limit = Math.min(executor.slots, settings.queueAtOnce);
    if (limit <= 0) return 0;
    const queued = await queueInstances(store, this.#dags, { scheduler: id, limit, now: clock.now });
    if (queued.length === 0) return 0;
    await executor.queue(queued);
    failpoint("queue.handed");
    return queued.length;
  }

  async #revoke(instances: readonly QueuedInstance[]): Promise<void> {
    for (const instance of instances) await this.#parts.executor.revoke(instance);
  }

  #endView(now: number): EndView {
    return { dags: this.#dags, maxXcomBytes: this.#parts.settings.maxXcomBytes, now };
  }
}

function placeOf({ dagId: dag, runId: run, taskId: task, mapIndex, tryNumber }: InstanceRecord): object {
  return { dag, run, task, mapIndex, tryNumber };
}
