/** `dag.trigger()`: makes a run of a DAG in the store of its app, and waits for it. The store is open only while it is asked. */
import type { WaitOptions } from "@celeriac/core";
import {
  type AppRuntime,
  CeleriacError,
  type Clock,
  checkOptions,
  durationMs,
  isDate,
  isRecord,
  isText,
  type OptionCheck,
  shownValue,
} from "@celeriac/core/runtime";
import { triggerRun } from "../acts/trigger.ts";
import type { DagModel } from "../model.ts";
import type { RunPlace } from "../records.ts";
import { openAppStore } from "../store/app-store.ts";
import type { DagStore } from "../store/store.ts";

export interface TriggerRunOptions {
  /** of the run; default: manual__, the date, and eight random letters */
  runId?: string | undefined;
  /** now, unless told */
  logicalDate?: Date | undefined;
  /** over those of the DAG */
  params?: Readonly<Record<string, unknown>> | undefined;
}

export interface DagRun {
  readonly runId: string;
  /** Until it has ended. Throws DAG_RUN_TIMEOUT after 60 s unless told otherwise, DAG_RUN_UNKNOWN when it was deleted, DAG_STORE_*, APP_CLOSED. */
  wait(o?: WaitOptions): Promise<{ readonly state: "success" | "failed" }>;
}

const checks: Readonly<Record<keyof TriggerRunOptions, OptionCheck>> = {
  runId: isText,
  logicalDate: (value) => isDate(value) && !Number.isNaN((value as Date).getTime()),
  params: isRecord,
};
/** between two looks at the run */
const lookMs = 500;
const defaultTimeoutMs = 60_000;

/** Throws DAG_UNKNOWN where no scheduler has seen the DAG yet, DAG_RUN_EXISTS, DAG_STORE_*, CONFIG_UNKNOWN, DAG_DEFINITION. */
export async function requestRun(runtime: AppRuntime, dag: DagModel, options: TriggerRunOptions): Promise<DagRun> {
  const dagId = dag.id;
  const what = `trigger() of the DAG ${dagId}`;
  checkOptions(
    what,
    checks,
    options,
    (name, value) => new CeleriacError("DAG_DEFINITION", `Option ${name} of ${what} cannot be ${shownValue(value)}`),
  );
  const asked = { dag, ...options, logicalDate: options.logicalDate?.getTime() };
  const { runId } = await withStore(runtime, (store) => triggerRun(store, asked, runtime.clock.now()));
  return Object.freeze({ runId, wait: (o: WaitOptions = {}) => waitForRun(runtime, { dagId, runId }, o) });
}

async function waitForRun(
  runtime: AppRuntime,
  run: RunPlace,
  { timeout, signal }: WaitOptions,
): Promise<{ readonly state: "success" | "failed" }> {
  const timeoutMs =
    timeout === undefined ? defaultTimeoutMs : timeout === Number.POSITIVE_INFINITY ? timeout : durationMs(timeout, "timeout");
  signal?.throwIfAborted();
  const over = new AbortController();
  const end = (error: unknown) => over.abort(error);
  const onAbort = () => end(signal!.reason);
  const { clock, waits } = runtime;
  const late = Number.isFinite(timeoutMs) ? clock.after(timeoutMs, () => end(timedOut(run, timeoutMs))) : null;
  waits.add(end);
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    return { state: await withStore(runtime, (store) => stateOf(store, run, clock, over.signal)) };
  } finally {
    late?.cancel();
    waits.delete(end);
    signal?.removeEventListener("abort", onAbort);
  }
}

async function stateOf(store: DagStore, place: RunPlace, clock: Clock, over: AbortSignal): Promise<"success" | "failed"> {
  for (;;) {
    const run = await store.read(({ runs }) => runs.find(place));
    if (run === null) throw new CeleriacError("DAG_RUN_UNKNOWN", `The run ${place.runId} of the DAG ${place.dagId} is not there any more`);
    if (run.state === "success" || run.state === "failed") return run.state;
    await clock.sleep(lookMs, over);
    over.throwIfAborted();
  }
}

async function withStore<T>(runtime: AppRuntime, ask: (store: DagStore) => Promise<T>): Promise<T> {
  const { store } = await openAppStore(runtime);
  try {
    return await ask(store);
  } finally {
    await store.close();
  }
}

function timedOut({ dagId, runId }: RunPlace, timeoutMs: number): CeleriacError {
  return new CeleriacError(
    "DAG_RUN_TIMEOUT",
    `The run ${runId} of the DAG ${dagId} has not ended within ${timeoutMs} ms; it may still run`,
  );
}
