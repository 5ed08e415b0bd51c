/** Time limits of tasks that remote control has set while the worker runs, in place of what the tasks themselves say; for runs that come later. */
import type { Duration } from "@celeriac/core/runtime";

/** null: what the app says */
export interface ChangedLimits {
  readonly soft: Duration | null;
  readonly hard: Duration | null;
}

/** by the task's name */
export type LimitChanges = Map<string, ChangedLimits>;
