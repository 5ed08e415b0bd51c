/** Handles on a backend in memory, under a clock of the test's: what a task's result becomes is said by the test. */
import { randomUUID } from "node:crypto";
import type { ResultBackend } from "../../packages/core/src/backend.ts";
import { createMemoryBackend } from "../../packages/core/src/backends/memory.ts";
import type { ErrorClass } from "../../packages/core/src/errors.ts";
import { reviveError } from "../../packages/core/src/failure.ts";
import type { HandleSource } from "../../packages/core/src/result.ts";
import { driverContext } from "./driver-context.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";

export interface ResultsWorld {
  readonly clock: FakeClock;
  readonly source: HandleSource;
  readonly backend: ResultBackend;
  /** Stores a state of a task; `more` are further members of Celery's JSON. */
  say(taskId: string, state: string, result?: unknown, more?: object): Promise<void>;
  /** Stores what Python would for an exception. */
  fail(taskId: string, message: string): Promise<void>;
  closeApp(): void;
  /** subscriptions that are open, waits of the app, timers */
  left(): readonly [subscriptions: number, waits: number, timers: number];
}

/** `throws`: what tasks list, by name; `raises`: what they fail with. */
export function resultsWorld({ throws = {} as Readonly<Record<string, readonly ErrorClass[]>>, raises = "ValueError" } = {}): ResultsWorld {
  const clock = createFakeClock();
  const memory = createMemoryBackend(`memory://results-${randomUUID()}`, driverContext({ clock }));
  let subscriptions = 0;
  const backend: ResultBackend = {
    ...memory,
    async subscribe(taskId, listener) {
      const subscription = await memory.subscribe(taskId, listener);
      subscriptions++;
      return {
        close() {
          subscriptions--;
          subscription.close();
        },
      };
    },
  };
  const waits = new Set<(closed: Error) => void>();
  const say: ResultsWorld["say"] = async (taskId, state, result = null, more = {}) => {
    const text = JSON.stringify({ status: state, result, traceback: null, children: [], date_done: null, task_id: taskId, ...more });
    await backend.store({ taskId, state, attempt: 0, text, expiresMs: null, replyTo: null });
  };
  return {
    clock,
    backend,
    source: {
      clock,
      waits,
      settings: { resultExpires: "1d", resultSerializer: "json" },
      backend: async () => backend,
      control: () => Promise.reject(new Error("not asked for")),
      revive: (name, remote) => reviveError(throws[name ?? ""] ?? [], remote),
    },
    say,
    fail: (taskId, message) => say(taskId, "FAILURE", { exc_type: raises, exc_message: [message], exc_module: "builtins" }),
    closeApp() {
      for (const end of waits) end(new Error("closed"));
    },
    left: () => [subscriptions, waits.size, clock.pending],
  };
}
