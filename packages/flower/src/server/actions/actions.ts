/** Everything that can be changed through the monitor, for its routes. Whoever calls has been let in; what is done here is not asked again. */
import type { App } from "@celeriac/core";
import type { AppRuntime } from "@celeriac/core/runtime";
import { createRetrying, type Retrying } from "./retrying.ts";
import { createRevoking, type Revoking } from "./revoking.ts";
import { createSending, type Sending } from "./sending.ts";
import { createWorkerControl, type WorkerControl } from "./worker-control.ts";

export interface Actions {
  readonly workers: WorkerControl;
  readonly revoking: Revoking;
  readonly sending: Sending;
  readonly retrying: Retrying;
}

/** `timeoutMs`: how long answers of workers are waited for. */
export function createActions(app: App<unknown>, runtime: AppRuntime, timeoutMs: number): Actions {
  return {
    workers: createWorkerControl(runtime, timeoutMs),
    revoking: createRevoking(runtime, timeoutMs),
    sending: createSending(app, runtime),
    retrying: createRetrying(app, runtime),
  };
}
