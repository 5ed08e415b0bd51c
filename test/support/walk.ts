/** A worker's main thread without a broker and without a pool: deliveries a test makes, endings it decides, and all that is settled, stored and told. */
import { randomUUID } from "node:crypto";
import { type App, type Config, createApp } from "@celeriac/core";
import {
  type Broker,
  type CeleryEventType,
  type ClaimOutcome,
  type Delivery,
  type EventType,
  type Publication,
  PublishError,
  type ResultBackend,
  type ResultRecord,
  runtimeOf,
  type Settlement,
  type SettleOutcome,
} from "@celeriac/core/runtime";
import type { Ending, Run } from "../../packages/core/src/run.ts";
import { createTaskConsumer, type TaskConsumer } from "../../packages/worker/src/consumer.ts";
import { createEventSwitch } from "../../packages/worker/src/event-switch.ts";
import { PausedTasks } from "../../packages/worker/src/paused-tasks.ts";
import type { Pool } from "../../packages/worker/src/pool.ts";
import { RateLimits } from "../../packages/worker/src/rate-limits.ts";
import { Revoked, revokedLimits } from "../../packages/worker/src/revoked.ts";
import { SetAside } from "../../packages/worker/src/set-aside.ts";
import { createTeller } from "../../packages/worker/src/telling.ts";
import { createEnvelope } from "./envelopes.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";

export interface DeliveryChanges {
  readonly id?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  readonly deliveries?: number;
  readonly redelivered?: boolean;
  /** what begin() and settle() answer, one after another; "settled" when used up */
  readonly answers?: readonly (SettleOutcome | Error)[];
  /** called when it is settled */
  readonly settled?: (settlement: Settlement) => void;
}

export type Told = { readonly type: CeleryEventType } & Readonly<Record<string, unknown>>;

export interface Walk {
  readonly app: App;
  readonly clock: FakeClock;
  readonly consumer: TaskConsumer;
  readonly revoked: Revoked;
  /** Takes a delivery of task `task`; gives what it was settled with so far. */
  deliver(task: string, changes?: DeliveryChanges): readonly Settlement[];
  /** runs in the pool, oldest first: ends the first of them */
  end(ending: Ending): Promise<void>;
  readonly running: readonly Run[];
  /** how often begin() was asked */
  readonly begins: () => number;
  readonly stored: ResultRecord[];
  /** what the backend has of each task */
  readonly results: Map<string, string>;
  readonly published: Publication[];
  /** the next stores, or publishes, fail so often */
  fail(what: "store" | "publish", times: number): void;
  /** what monitors were told */
  readonly told: readonly Told[];
  counts(): Partial<Record<EventType, number>>;
  readonly logged: readonly { readonly message: string; readonly fields: Readonly<Record<string, unknown>> }[];
  readonly giveUp: AbortController;
  readonly limits: RateLimits;
  readonly paused: PausedTasks;
  readonly aside: SetAside;
}

const unreachable = () => new PublishError("PUBLISH_REJECTED", "not connected", { retryable: true });

export function startWalk({
  config = {},
  settlesResults = true,
  endsRuns = true,
  demand = Number.POSITIVE_INFINITY,
}: {
  readonly config?: Config;
  readonly settlesResults?: boolean;
  /** of the pool */
  readonly endsRuns?: boolean;
  /** of the pool: runs it wants at once */
  readonly demand?: number;
} = {}): Walk {
  const app = createApp("walk", { broker: "sqlite:///nowhere/walk.db", config });
  const runtime = Object.create(runtimeOf(app)!, { clock: { value: createFakeClock(Date.UTC(2026, 0, 2)) } }) as NonNullable<
    ReturnType<typeof runtimeOf>
  >;
  const clock = runtime.clock as FakeClock;
  const running: { readonly run: Run; readonly resolve: (ending: Ending) => void }[] = [];
  const stored: ResultRecord[] = [];
  const results = new Map<string, string>();
  const published: Publication[] = [];
  const logged: { message: string; fields: Record<string, unknown> }[] = [];
  const failures = { store: 0, publish: 0 };
  const giveUp = new AbortController();
  let begins = 0;
  const line = (message: string, fields: object = {}) => void logged.push({ message, fields: { ...fields } });
  const logger = { debug: line, info: line, warn: line, error: line };
  const failing = (what: "store" | "publish") => {
    if (failures[what]-- > 0) throw unreachable();
    failures[what] = 0;
  };
  const backend = {
    async connect() {},
    async store(record) {
      failing("store");
      stored.push(record);
      return "stored";
    },
    get: async (id) => results.get(id) ?? null,
  } as Partial<ResultBackend> as ResultBackend;
  const broker = {
    settlesResults,
    async publish(publication) {
      failing("publish");
      published.push(publication);
    },
  } as Partial<Broker> as Broker;
  const pool = { endsRuns, demand, submit: (run) => new Promise((resolve) => running.push({ run, resolve })) } as Partial<Pool> as Pool;
  const revoked = new Revoked(revokedLimits(runtime.settings), clock);
  const teller = createTeller(logger, () => true);
  const told: Told[] = [];
  const paused = new PausedTasks({ names: () => runtime.registry.runnable(), clock, logger });
  const aside = new SetAside(clock, () => {});
  const limits: RateLimits = new RateLimits({
    ...{ runtime, clock },
    hasRoom: () => consumer.running < demand,
    held: (change) => aside.waits(change),
  });
  const events = createEventSwitch({ send: (type, fields) => void told.push({ type, ...fields }) }, true);
  const consumer = createTaskConsumer(() => ({
    ...{
      runtime,
      hostname: "w1@host",
      broker,
      backend,
      clock,
      logger,
      teller,
      events,
      pool,
      revoked,
      limits,
      paused,
      aside,
      limitChanges: new Map(),
      giveUp: giveUp.signal,
    },
  }));

  return {
    app,
    clock,
    consumer,
    revoked,
    told,
    deliver(
      task,
      { id = randomUUID(), headers = {}, body = [[], {}, null], deliveries = 0, redelivered = false, answers = [], settled } = {},
    ) {
      const settlements: Settlement[] = [];
      const left = [...answers];
      const answer = (): SettleOutcome => {
        const next = left.shift() ?? "settled";
        if (next instanceof Error) throw next;
        return next;
      };
      const delivery: Delivery = {
        envelope: createEnvelope({ id, headers: { task, ...headers }, body: new TextEncoder().encode(JSON.stringify(body)) }),
        queue: "q",
        deliveries,
        redelivered,
        async begin() {
          begins++;
          return answer() as ClaimOutcome;
        },
        async settle(settlement) {
          const outcome = answer();
          settlements.push(settlement);
          settled?.(settlement);
          return outcome;
        },
      };
      consumer.take(delivery);
      return settlements;
    },
    async end(ending) {
      running.shift()!.resolve(ending);
      await clock.advance(0);
    },
    get running() {
      return running.map(({ run }) => run);
    },
    begins: () => begins,
    stored,
    results,
    published,
    fail(what, times) {
      failures[what] = times;
    },
    counts: () => Object.fromEntries(Object.entries(teller.counts()).filter(([, count]) => count > 0)),
    logged,
    giveUp,
    limits,
    paused,
    aside,
  };
}

export const succeeded = (value: unknown, more: Partial<Extract<Ending, { kind: "succeeded" }>> = {}): Ending => ({
  ...{ kind: "succeeded", value: JSON.stringify(value), children: [], publish: [] },
  ...more,
});
/** The result JSON of each result in a settlement, the task's own first. */
export const resultsOf = (settlement: Settlement | undefined) =>
  (settlement?.results ?? []).map(({ text }) => JSON.parse(text) as Record<string, unknown>);
/** The task's own. */
export const resultOf = (settlement: Settlement | undefined) => resultsOf(settlement)[0];

/** A walk with tasks "t" and "on.error" that has taken one delivery of "t". */
export async function delivered(
  options: object = {},
  changes: Parameters<Walk["deliver"]>[1] = {},
  config: Parameters<typeof startWalk>[0] = {},
) {
  const walk = startWalk(config);
  walk.app.task("t", options, () => 1);
  walk.app.task("on.error", () => 1);
  const settlements = walk.deliver("t", changes);
  await walk.clock.advance(0);
  return { ...walk, walk, settlements };
}
