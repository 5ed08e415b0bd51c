/** The app whose tasks are Airflow's: message → workload → launcher → outcome, and nothing of the user's runs in this process. A worker of the pool inline runs it. */
import { type App, type AppOptions, createApp, type DepsScope, type TaskContext } from "@celeriac/core";
import { CeleriacError, reasonOf, taskErrorOf } from "@celeriac/core/runtime";
import type { WorkloadContext } from "./launcher.ts";
import { readWorkload } from "./messages.ts";
import { type AirflowTaskKind, airflowTasks } from "./names.ts";
import type { Outcome } from "./outcome.ts";
import { hideTokens } from "./redaction.ts";
import { launcherFor, type Route } from "./route.ts";

/** After so long a workload is tried again whose process could not even be started here: another worker may take it. */
const notStartedRetry = "5s";

/** `options`: of createApp, as worker-config.ts makes them. A worker that runs it starts the launchers, and closes them when it has stopped. Throws CONFIG_*. */
export function createAirflowApp(options: AppOptions<object>, routes: readonly Route[]): App {
  const app: App = createApp("airflow", { ...options, deps: (scope) => openLaunchers(routes, scope) });
  /** Celery ids of what runs here: a message of another one that came twice is not begun twice. */
  const running = new Set<string>();
  for (const [name, kind] of Object.entries(airflowTasks)) {
    app.bound(name, { maxRetries: 3, showArguments: hideTokens }, async (self: TaskContext, argument: unknown) => {
      const { id } = self.request;
      if (running.has(id)) return self.ignore();
      running.add(id);
      try {
        return conclude(self, name, await runHere(self, kind, argument, routes));
      } finally {
        running.delete(id);
      }
    });
  }
  return app;
}

/** What an executor opens before it runs anything, and closes at its end, is what tasks need: here the launchers. */
async function openLaunchers(routes: readonly Route[], scope: DepsScope): Promise<object> {
  for (const launcher of new Set(routes.map((route) => route.launcher))) {
    await launcher.start();
    scope.onClose(() => launcher.close());
  }
  return {};
}

/** Throws what has the message sent again. */
async function runHere(self: TaskContext, kind: AirflowTaskKind, argument: unknown, routes: readonly Route[]): Promise<Outcome> {
  const { id, queue, redelivered } = self.request;
  const { signal, done } = endingSignal(self.signal);
  const context: WorkloadContext = { celeryId: id, queue, redelivered, signal };
  try {
    const workload = readWorkload(kind, argument);
    return await launcherFor(routes, workload, queue).run(workload, context);
  } catch (error) {
    if (CeleriacError.is(error) && error.code === "AIRFLOW_MESSAGE") return { kind: "failure", message: error.message };
    self.log.error("the process of a task could not be started", { reason: reasonOf(error) });
    throw self.retry({ countdown: notStartedRetry, cause: failure(id, null, reasonOf(error)) });
  } finally {
    done();
  }
}

/** Airflow decides itself who runs a task whose claim went to another worker: that one finds it running. Everything else that aborts a run ends it. */
function endingSignal(signal: AbortSignal): { readonly signal: AbortSignal; done(): void } {
  const ending = new AbortController();
  const abort = () => {
    const { kind } = signal.reason as { readonly kind?: string };
    if (kind !== "claimLost") ending.abort(signal.reason);
  };
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  return { signal: ending.signal, done: () => signal.removeEventListener("abort", abort) };
}

function conclude(self: TaskContext, name: string, outcome: Outcome): null {
  switch (outcome.kind) {
    case "success":
      return null;
    case "failure":
      throw failure(self.request.id, name, outcome.message);
    case "ignore":
      self.log.info("a task is left to whoever runs it", { reason: outcome.reason });
      return self.ignore();
  }
}

function failure(id: string, name: string | null, message: string): Error {
  return taskErrorOf(id, name, { type: "AirflowException", module: "airflow.exceptions", args: [message], traceback: null });
}
