/** Runs a task instance that came as a message, in a worker's executor. */
import { hostname } from "node:os";
import type { TaskContext } from "@celeriac/core";
import { type AbortReason, type AppRuntime, CeleriacError } from "@celeriac/core/runtime";
import { createOpenHooks } from "../hooks/open-hooks.ts";
import type { InstancePlace } from "../records.ts";
import { Interruption, type InterruptionKind } from "../runner/interruption.ts";
import { type RunnerParts, runInstance } from "../runner/runner.ts";
import { runnerParts } from "../runner/runner-parts.ts";
import { openAppStore } from "../store/app-store.ts";

/** What runs them in this process. Whoever opens it closes its hooks and its store. Throws CONFIG_*. */
export async function openRunner(app: object, runtime: AppRuntime): Promise<RunnerParts> {
  const { store, settings } = await openAppStore(runtime);
  const { clock, logger } = runtime;
  const hooks = createOpenHooks({ clock, logger });
  return runnerParts({ app, runtime }, { store, hooks, settings, logger, clock, hostname: hostname(), handBack: "queued" });
}

/** A message that comes again while its instance runs elsewhere, or when it has ended, is dropped: the store says so. */
export async function runSent(self: TaskContext, place: InstancePlace, parts: RunnerParts): Promise<{ readonly state: string | null }> {
  const abort = new AbortController();
  const follow = () => {
    const kind = interruptionKind((self.signal.reason as { readonly kind?: AbortReason }).kind);
    if (kind !== null) abort.abort(new Interruption(kind, (self.signal.reason as { readonly message: string }).message));
  };
  if (self.signal.aborted) follow();
  else self.signal.addEventListener("abort", follow, { once: true });
  try {
    const end = await runInstance(place, self.request.id, { ...parts, hostname: self.request.hostname, logger: self.log }, abort.signal);
    // It is queued again, and so must its message be.
    if (end.kind === "ended" && end.state === "queued") throw self.signal.reason;
    return { state: end.kind === "ended" ? end.state : null };
  } catch (error) {
    if (CeleriacError.is(error) && error.code.startsWith("DAG_STORE_")) throw self.retry({ countdown: storeRetry, cause: error });
    throw error;
  } finally {
    self.signal.removeEventListener("abort", follow);
  }
}

const storeRetry = "10s";

/** null: it goes on. A claim that went elsewhere finds the instance running, here. */
function interruptionKind(kind: AbortReason | undefined): InterruptionKind | null {
  switch (kind) {
    case "claimLost":
      return null;
    case "softTimeLimit":
      return "timeout";
    case "shutdown":
      return "stopped";
    default:
      return "revoked";
  }
}
