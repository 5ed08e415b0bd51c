/**
 * Runs one queued instance against the store: begin → arguments → work → end, with heartbeats meanwhile. Every executor comes down to it. Whoever
 * changes the queued row first wins, so that no instance runs twice at a time, however often its message comes.
 */
import { CeleriacError, type Clock, type Logger } from "@celeriac/core/runtime";
import { storedConnections } from "../connections/connection-reader.ts";
import type { OpenHooks } from "../hooks/open-hooks.ts";
import type { DagModel, Ending, RunAccess, TaskModel, WorkContext } from "../model.ts";
import type { InstancePlace, RunRecord } from "../records.ts";
import type { InstanceState } from "../states.ts";
import type { DagStore, Tables } from "../store/store.ts";
import { beginHeartbeats } from "./heartbeats.ts";
import { instanceLogger } from "./instance-logger.ts";
import { interruptionOf } from "./interruption.ts";
import { look } from "./look.ts";
import { type Performed, perform } from "./perform.ts";
import { timeLimitOf } from "./time-limit.ts";
import { type BegunTry, beginTry } from "./try-begin.ts";
import { endCleared, endTry, type TryEnd, tryEndOf, warnOfSize } from "./try-end.ts";
import { workContext } from "./work-context.ts";

export interface RunnerSettings {
  readonly heartbeatMs: number;
  /** how long work may clean up once it is told to end */
  readonly graceMs: number;
  /** of what a task gives, as JSON */
  readonly maxXcomBytes: number;
  /** how long the end of a try is kept for a store that does not answer */
  readonly endRetryMs: number;
}

export interface RunnerParts {
  readonly store: DagStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly hostname: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly settings: RunnerSettings;
  readonly runs: RunAccess;
  readonly hooks: OpenHooks;
  /** where an instance goes whose process is stopped: back to the executor that has its message, or to the scheduler; the try goes on */
  readonly handBack: "queued" | "up_for_reschedule";
  findDag(dagId: string): DagModel | undefined;
  /** Reads DAGs that are made of rows again, where what is known of them is old, or has not what is to run. Never rejects. */
  freshen(places: readonly InstancePlace[]): Promise<void>;
  /** The arguments of an instance's work. Throws for what is missing. */
  resolve(tables: Tables, dag: DagModel, task: TaskModel, run: RunRecord, mapIndex: number): Promise<readonly unknown[]>;
  /** Runs a task of the app in this process, and gives what it gave. */
  runTask(name: string, args: readonly unknown[]): Promise<unknown>;
}

/** `heeded`: false where work runs on that was told to end: its process had better end */
export type RunEnd =
  /** it was not queued under this id */
  | { readonly kind: "notMine" }
  | { readonly kind: "ended"; readonly state: InstanceState; readonly heeded: boolean }
  /** somebody else had decided what becomes of it: nothing was written */
  | { readonly kind: "taken"; readonly heeded: boolean };

/** `signal` aborts: it is to end, with an Interruption or because its process does. Rejects with DAG_STORE_* only when the store did not answer for too long. */
export async function runInstance(
  place: InstancePlace,
  externalId: string,
  parts: RunnerParts,
  signal: AbortSignal,
  began: (task: TaskModel | undefined) => void = () => {},
): Promise<RunEnd> {
  const { store, clock, hostname } = parts;
  await parts.freshen([place]);
  const begun = await store.write((tables) => beginTry(tables, place, externalId, { now: clock.now(), hostname }));
  if (begun === null) return { kind: "notMine" };
  const task = parts.findDag(place.dagId)?.tasks.get(place.taskId);
  began(task);
  const logger = instanceLogger(parts.logger, begun.instance);
  const abort = new AbortController();
  const unfollow = follow(signal, abort);
  const heartbeats = beginHeartbeats(begun.instance, abort, { store, periodMs: parts.settings.heartbeatMs, clock, logger });
  logger.info("task instance begins");
  try {
    const performed = await perform(() => workOf(begun, task, { parts, logger, signal: abort.signal }), abort, {
      timeLimit: task === undefined ? null : timeLimitOf(task, begun.instance.firstStartedAt ?? clock.now(), clock.now()),
      graceMs: parts.settings.graceMs,
      clock,
    });
    if (!performed.heeded) logger.warn("a task did not heed that it was to end");
    return await conclude(begun, task, performed, { parts, logger });
  } finally {
    unfollow();
    await heartbeats.stop();
  }
}

interface Surroundings {
  readonly parts: RunnerParts;
  readonly logger: Logger;
}

async function workOf(
  begun: BegunTry,
  task: TaskModel | undefined,
  around: Surroundings & { readonly signal: AbortSignal },
): Promise<Ending> {
  const { parts, signal } = around;
  const { instance, run } = begun;
  const dag = parts.findDag(instance.dagId);
  if (dag === undefined || task === undefined) {
    const reason = `the code of this process has no task ${JSON.stringify(instance.taskId)} in a DAG ${JSON.stringify(instance.dagId)}`;
    return { kind: "failed", reason, retryable: true };
  }
  const args = await keepAsking(parts, signal, () =>
    parts.store.read((tables) => parts.resolve(tables, dag, task, run, instance.mapIndex)),
  );
  const context = contextOf(dag, begun, around);
  switch (task.work.kind) {
    case "run":
      return await task.work.run(context, args);
    case "task":
      return { kind: "success", value: await parts.runTask(task.work.task, args) };
    case "wait":
      return await waitHere(task.work, context, args, instance.firstStartedAt ?? parts.clock.now());
  }
}

async function waitHere(
  wait: Extract<TaskModel["work"], { kind: "wait" }>,
  context: WorkContext,
  args: readonly unknown[],
  firstStartedAt: number,
): Promise<Ending> {
  for (;;) {
    const { ending, nextAt } = await look(wait, context, args, firstStartedAt);
    if (ending !== null) return ending;
    if (wait.mode !== "poke") return { kind: wait.mode, at: nextAt };
    await context.clock.sleep(nextAt - context.clock.now(), context.signal);
    context.signal.throwIfAborted();
  }
}

/** Of a run that this process has begun. */
export function contextOf(
  dag: DagModel,
  begun: BegunTry,
  { parts, logger: log, signal }: Surroundings & { readonly signal: AbortSignal },
): WorkContext {
  const stored = storedConnections({ read: (body) => keepAsking(parts, signal, () => parts.store.read(body)) });
  return workContext(dag, begun, { ...parts, stored, log, signal });
}

async function conclude(
  begun: BegunTry,
  task: TaskModel | undefined,
  performed: Performed,
  { parts, logger }: Surroundings,
): Promise<RunEnd> {
  const { instance } = begun;
  const { heeded } = performed;
  const end = endOf(begun, task, performed, parts);
  if (end !== null) warnOfSize(end, logger, parts.settings.maxXcomBytes);
  const state = await keepAsking(parts, null, () =>
    parts.store.write(async (tables) => {
      const ended = end === null ? null : await endTry(tables, instance, end);
      // It may have been cleared since the last heartbeat.
      return ended ?? (await endCleared(tables, instance, parts.clock.now()));
    }),
  );
  if (state === null) {
    logger.info("task instance is left to whoever took it");
    return { kind: "taken", heeded };
  }
  const reason = end?.reason ?? null;
  logger.info("task instance ends", { state, ...(reason === null ? {} : { reason }) });
  return { kind: "ended", state, heeded };
}

/** null: what has become of it is for others to say */
function endOf(begun: BegunTry, task: TaskModel | undefined, performed: Performed, parts: RunnerParts): TryEnd | null {
  const { clock, settings, handBack } = parts;
  const now = clock.now();
  switch (performed.kind) {
    case "taken":
    case "cleared":
      return null;
    case "stopped": {
      const nextAt = handBack === "queued" ? null : now;
      const event = handBack === "queued" ? "hand_back" : "reschedule";
      return { event, logged: null, at: now, nextAt, reason: "its process was stopped", xcom: null, skip: [] };
    }
    case "ended":
      return tryEndOf(performed.ending, begun, task, { now, maxXcomBytes: settings.maxXcomBytes });
  }
}

const firstPauseMs = 250;
const longestPauseMs = 10_000;

/** A store that comes back in time costs no try. */
async function keepAsking<T>({ clock, settings }: RunnerParts, signal: AbortSignal | null, ask: () => Promise<T>): Promise<T> {
  const giveUpAt = clock.monotonic() + settings.endRetryMs;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    try {
      return await ask();
    } catch (error) {
      if (!isStoreFailure(error) || clock.monotonic() + pauseMs > giveUpAt) throw error;
      await clock.sleep(pauseMs, signal ?? undefined);
      signal?.throwIfAborted();
    }
  }
}

function isStoreFailure(error: unknown): boolean {
  return CeleriacError.is(error) && error.code.startsWith("DAG_STORE_") && error.code !== "DAG_STORE_CLOSED";
}

function follow(signal: AbortSignal, abort: AbortController): () => void {
  const heard = () => abort.abort(interruptionOf(signal));
  if (signal.aborted) heard();
  else signal.addEventListener("abort", heard, { once: true });
  return () => signal.removeEventListener("abort", heard);
}
