/** Which launcher runs a workload: the first of several that takes it. */
import { CeleriacError } from "@celeriac/core/runtime";
import type { Launcher } from "./launcher.ts";
import type { Workload } from "./workload.ts";

export interface Route {
  readonly launcher: Launcher;
  /** absent: it takes all that come so far */
  readonly takes?: ((workload: Workload, queue: string) => boolean) | undefined;
}

/** Throws AIRFLOW_MESSAGE where none takes it. */
export function launcherFor(routes: readonly Route[], workload: Workload, queue: string): Launcher {
  const route = routes.find(({ takes }) => takes === undefined || takes(workload, queue));
  if (route === undefined)
    throw new CeleriacError("AIRFLOW_MESSAGE", `Nothing here runs a ${workload.kind} of the queue ${JSON.stringify(queue)}`);
  return route.launcher;
}
