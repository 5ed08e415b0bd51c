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

const never = new AbortController().signal;

/** What runs for a Celery id, and may be ended by whoever waits for it. */
interface RunHere {
  readonly outcome: Promise<Outcome>;
  readonly ending: AbortController;
}

/**
 * `options`: of createApp, as worker-config.ts makes them. A worker that runs it starts the launchers, and closes them when it has stopped. When `ending`
 * aborts, the processes of all that runs get SIGTERM; their outcomes are stored as always. Throws CONFIG_*.
 */
export function createAirflowApp(options: AppOptions<object>, routes: readonly Route[], ending: AbortSignal = never): App {
  const app: App = createApp("airflow", { ...options, deps: (scope) => openLaunchers(routes, scope) });
  const running = new Map<string, RunHere>();
  for (const [name, kind] of Object.entries(airflowTasks)) {
    app.bound(name, { maxRetries: 3, showArguments: hideTokens }, async (self: TaskContext, argument: unknown) => {
      const { id } = self.request;
      // A claim that was lost may come back while its run goes on: it gets the outcome of that one.
      const run = running.get(id) ?? begin(self, kind, argument, routes);
      running.set(id, run);
      const stopFollowing = [endWith(self.signal, run.ending), endWith(ending, run.ending)];
      try {
        return conclude(self, name, await run.outcome);
      } catch (error) {
        if (!CeleriacError.is(error) || error.code !== "AIRFLOW_LAUNCHER") throw error;
        self.log.error("the process of a task could not be started", { reason: reasonOf(error) });
        throw self.retry({ countdown: notStartedRetry, cause: failure(id, name, reasonOf(error)) });
      } finally {
        for (const stop of stopFollowing) stop();
        if (running.get(id) === run) running.delete(id);
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

function begin({ request }: TaskContext, kind: AirflowTaskKind, argument: unknown, routes: readonly Route[]): RunHere {
  const { id: celeryId, queue, redelivered } = request;
  const ending = new AbortController();
  return { outcome: outcomeOf(kind, argument, { celeryId, queue, redelivered, signal: ending.signal }, routes), ending };
}

async function outcomeOf(kind: AirflowTaskKind, argument: unknown, context: WorkloadContext, routes: readonly Route[]): Promise<Outcome> {
  try {
    const workload = readWorkload(kind, argument);
    return await launcherFor(routes, workload, context.queue).run(workload, context);
  } catch (error) {
    if (CeleriacError.is(error) && error.code === "AIRFLOW_MESSAGE") return { kind: "failure", message: error.message };
    throw error;
  }
}

/** Airflow decides itself who runs a task whose claim went to another worker: that one finds it running. Everything else that aborts a run ends it. */
function endWith(signal: AbortSignal, ending: AbortController): () => void {
  const abort = () => {
    const { kind } = signal.reason as { readonly kind?: string };
    if (kind !== "claimLost") ending.abort(signal.reason);
  };
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  return () => signal.removeEventListener("abort", abort);
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
