/** `testApp()`: an app's tasks under test. While it lasts, the app reaches a memory of its own on a clock of its own, and nothing real. */
import {
  type AnyTask,
  type App,
  type ArgsOf,
  type CallOptions,
  CeleriacError,
  type Duration,
  type ResultOf,
  type TaskRef,
  type TaskSnapshot,
  type TaskState,
} from "@celeriac/core";
import { durationMs, runtimeOf, systemClock } from "@celeriac/core/runtime";
import { createVirtualClock, leadElsewhere } from "@celeriac/core/testing";
import { createRest } from "./rest.ts";
import { createSentTasks } from "./sent-tasks.ts";
import { createStagedTasks } from "./staged-tasks.ts";
import { testDeps } from "./test-deps.ts";
import { startTestWorker } from "./test-worker.ts";

/**
 * fake: what is sent is recorded and nothing runs; eager: it runs where it is sent, before delay() resolves; worker: a worker of this process runs
 * it, when its time has come.
 */
export type TestMode = "fake" | "eager" | "worker";

export interface TestAppOptions<D extends object> {
  /** fake by default */
  readonly mode?: TestMode | undefined;
  /** what tasks find as `self.deps`; the app's own are not opened */
  readonly deps?: Partial<D> | undefined;
  /** where the clock starts; now by default */
  readonly now?: Date | undefined;
}

/** A task that was sent. */
export interface SentTask<T extends AnyTask> {
  readonly id: string;
  readonly args: ArgsOf<T>;
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly options: CallOptions;
}

/** Time for the app and its worker; `Date` and `setTimeout` of tasks are the machine's. */
export interface TestClock {
  now(): Date;
  /** Lets time pass: everything that is due meanwhile happens, in its order, each thing settled before the next. */
  advance(by: Duration): Promise<void>;
  /** As `advance`, until `at`; an instant that is over is where the wall clock steps back to, and nothing happens. */
  set(at: Date): Promise<void>;
}

/** Of a union of snapshots those that may be in state `S`, in it. */
type SnapshotIn<T extends { readonly state: TaskState }, S extends TaskState> = T extends unknown
  ? S extends T["state"]
    ? T & { readonly state: S }
    : never
  : never;

export interface TestApp extends AsyncDisposable {
  /** The tasks of this kind that were sent since the test began, by whoever, in order. */
  enqueued<T extends AnyTask>(task: T): readonly SentTask<T>[];
  /** Gives a declared task (Python's, another package's) a body for this test, or replaces one. Throws TASK_NOT_REGISTERED. */
  stub<A extends readonly unknown[], R>(
    // biome-ignore lint/suspicious/noExplicitAny: whatever progress it tells
    task: TaskRef<A, R, any>,
    body: (...args: NoInfer<A>) => NoInfer<R> | Promise<NoInfer<R>>,
  ): void;
  /** Its next runs throw `error`: all of them, or so many. Throws TASK_NOT_REGISTERED. */
  fail(task: AnyTask, error: Error, options?: { readonly times?: number | undefined }): void;
  /** Its next runs end their executor as a process that is killed: all of them, or so many. Throws TASK_NOT_REGISTERED, TEST_MODE. */
  crash(task: AnyTask, options?: { readonly times?: number | undefined }): void;
  /** The first task of this kind that is in `state`, or was; waits for it. Throws TEST_STUCK when nothing is under way that could lead there. */
  waitFor<T extends AnyTask, S extends TaskState>(task: T, state: S): Promise<SnapshotIn<TaskSnapshot<ResultOf<T>>, S>>;
  /** Resolves when nothing is left that is due now. */
  drain(): Promise<void>;
  readonly clock: TestClock;
}

/** Leads the app elsewhere until it is disposed. Throws TEST_APP_ACTIVE while an earlier one lasts, APP_NOT_FOUND. */
export async function testApp<D extends object>(app: App<D>, options: TestAppOptions<D> = {}): Promise<TestApp> {
  const { mode = "fake", deps = {}, now = new Date(systemClock.now()) } = options;
  const runtime = runtimeOf(app);
  if (runtime === undefined) throw new CeleriacError("APP_NOT_FOUND", "testApp takes an app made by createApp");
  const rest = createRest();
  const virtual = createVirtualClock({ startAt: now.getTime(), settle: rest.settle });
  const staged = createStagedTasks(runtime.registry);
  const settings = mode === "eager" ? { taskAlwaysEager: true, taskStoreEagerResult: true } : { taskAlwaysEager: false };
  const leadBack = leadElsewhere(runtime, { clock: virtual, deps: testDeps(deps), registry: staged.registry, settings });
  const sent = createSentTasks(runtime);
  const worker = mode === "worker" ? await startTestWorker(app, runtime, { rest, staged }) : null;

  /** What is due now happens. */
  const drain = () => virtual.advance(0);

  async function waitFor(task: AnyTask, state: TaskState): Promise<TaskSnapshot<unknown>> {
    for (;;) {
      const found = sent.find(task, state);
      if (found !== undefined) return found;
      const news = sent.news();
      await drain();
      if (sent.find(task, state) !== undefined) continue;
      if (rest.running === 0) throw await stuck(task, state);
      await news;
    }
  }

  async function stuck(task: AnyTask, state: TaskState): Promise<CeleriacError> {
    const what = `${task.name} is not ${state} and nothing is under way that would change it`;
    if (mode === "fake") return new CeleriacError("TEST_MODE", `${what}: nothing runs in mode "fake", take "eager" or "worker"`);
    const lives = sent.lives(task);
    const known = lives.length === 0 ? "none was sent" : lives.join(", ");
    const neglected = (await worker?.neglected()) ?? [];
    const hint =
      neglected.length > 0
        ? `the worker of a test does not serve ${neglected.join(", ")}: name it in taskQueues, or as the queue of a task`
        : "what waits for its time needs clock.advance(), and ignored results are not seen";
    return new CeleriacError("TEST_STUCK", `${what} (${known}): ${hint}`);
  }

  return {
    enqueued: <T extends AnyTask>(task: T) => sent.of(task) as unknown as readonly SentTask<T>[],
    stub: staged.stub,
    fail: (task, error, { times = Number.POSITIVE_INFINITY } = {}) => staged.fail(task, error, times),
    crash(task, { times = Number.POSITIVE_INFINITY } = {}) {
      if (worker === null) throw new CeleriacError("TEST_MODE", `crash() ends an executor, and mode "${mode}" has none: take "worker"`);
      staged.crash(task, times);
    },
    waitFor: waitFor as TestApp["waitFor"],
    drain,
    clock: {
      now: () => new Date(virtual.now()),
      advance: (by) => virtual.advance(durationMs(by, "advance")),
      async set(at) {
        const byMs = at.getTime() - virtual.now();
        if (byMs >= 0) await virtual.advance(byMs);
        else virtual.jump(byMs);
      },
    },
    async [Symbol.asyncDispose]() {
      sent.stop();
      await worker?.stop();
      await leadBack();
    },
  };
}
