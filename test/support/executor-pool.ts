/** Pools of scripted executors for tests, and a record of what they tell. */
import { type LogLevel, silentLogger, systemClock } from "@celeriac/core/runtime";
import { expect, onTestFinished } from "vitest";
import type { Ending, Run } from "../../packages/core/src/run.ts";
import type { Pool } from "../../packages/worker/src/pool.ts";
import { createExecutorPool } from "../../packages/worker/src/pools/executor-pool.ts";
import type { Lifetime } from "../../packages/worker/src/pools/lifetime.ts";
import type { LoadingPoolOptions, PoolParts } from "../../packages/worker/src/pools/pool-options.ts";
import { openScripted, type Script } from "../programs/scripted-execute.ts";
import { programUrl } from "./built.ts";
import { eventually } from "./eventually.ts";

export interface PoolRecord {
  readonly pool: Pool;
  /** run ids in the order they were reported begun, and where */
  readonly began: { readonly id: string; readonly pid: number }[];
  readonly states: { readonly id: string; readonly state: string; readonly meta: string }[];
  readonly logs: { readonly id: string | null; readonly level: string; readonly message: string; readonly fields: object | undefined }[];
}

export type PoolKind = LoadingPoolOptions["kind"] | "inline";
export type ScriptedOptions = Partial<PoolParts> & {
  readonly kind: PoolKind;
  readonly app?: string;
  readonly heapMb?: number;
  readonly lifetime?: Lifetime;
};

export function scriptedPool(options: ScriptedOptions): PoolRecord {
  const record = { began: [] as PoolRecord["began"], states: [] as PoolRecord["states"], logs: [] as PoolRecord["logs"] };
  const { kind, app = null, ...given } = options;
  const source = { moduleUrl: "file:///none", appName: app };
  const context = { worker: "celery@test", logLevel: "info" as LogLevel };
  const pool = createExecutorPool({
    ...(kind === "inline"
      ? { kind, open: () => openScripted(source, context) }
      : { kind, source, execute: { module: programUrl("scripted-execute").href, export: "openScripted" } }),
    executors: 1,
    slots: 1,
    scaledBy: "executors",
    ...context,
    clock: systemClock,
    logger: silentLogger,
    listener: {
      began: (run, pid) => void record.began.push({ id: run.id, pid }),
      updateState: (run, state, meta) => void record.states.push({ id: run.id, state, meta }),
      log: (run, level, message, fields) => void record.logs.push({ id: run?.id ?? null, level, message, fields }),
    },
    ...given,
  });
  return { pool, ...record };
}

/** A pool that has started, and is ended when the test is. */
export async function startedPool(options: ScriptedOptions): Promise<PoolRecord> {
  const record = scriptedPool(options);
  onTestFinished(() => record.pool.terminate());
  await record.pool.start();
  return record;
}

export function begun(record: PoolRecord, run: Run): Promise<void> {
  return eventually(() => expect(record.began.map(({ id }) => id)).toContain(run.id));
}

export const short = "scripted.short";

/** Lets the pool learn that runs of the task `short` are short, so that several wait in one executor; on a busy machine that takes more of them. */
export async function measureShort({ pool }: PoolRecord): Promise<void> {
  const executors = pool.stats().executors.length;
  const slots = pool.demand / executors;
  while (pool.demand < executors * (slots + 4)) await pool.submit(scriptedRun({ do: "where" }, { task: short }));
}

let lastId = 0;

export function scriptedRun(script: Script, changes: Partial<Run> = {}): Run {
  return {
    id: `run-${++lastId}`,
    task: `scripted.${script.do}`,
    headers: { lang: "js", task: `scripted.${script.do}`, argsrepr: "('é',)" },
    body: Buffer.from(JSON.stringify(script)),
    contentType: "application/json",
    replyTo: null,
    priority: null,
    queue: "celery",
    redelivered: false,
    deliveries: 0,
    softTimeLimitMs: null,
    timeLimitMs: null,
    ...changes,
  };
}

/** The value of a run that succeeded; throws the ending otherwise. */
export function succeededWith(ending: Ending): unknown {
  if (ending.kind !== "succeeded") throw new Error(`The run did not succeed: ${JSON.stringify(ending)}`);
  return JSON.parse(ending.value);
}
