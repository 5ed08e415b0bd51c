/** A stream as its rows say it is, once they are checked: what its DAG is drawn from, and, as JSON, what it goes on as when they are wrong one day. */

export interface StreamPlan {
  readonly name: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly maxActiveRuns: number;
  /** null: only when it is triggered */
  readonly schedule: SchedulePlan | null;
  /** without those that are not enabled */
  readonly processes: readonly ProcessPlan[];
}

export interface SchedulePlan {
  /** a preset, or five fields */
  readonly cron: string;
  /** null: the app's */
  readonly timezone: string | null;
  /** epoch ms */
  readonly startAt: number | null;
  readonly endAt: number | null;
  readonly catchUp: boolean;
}

export const processKinds = ["script", "bash", "stream"] as const;
export type ProcessKind = (typeof processKinds)[number];

export interface ProcessPlan {
  readonly name: string;
  readonly kind: ProcessKind;
  /** the file of a script, a command line, or the name of a stream */
  readonly command: string;
  /** what the script is given, variables of the command line, or params of the run of the stream */
  readonly params: Readonly<Record<string, unknown>>;
  readonly retries: number;
  readonly retryDelaySeconds: number;
  /** of one try; null: as long as it likes */
  readonly timeoutSeconds: number | null;
  readonly pool: string | null;
  /** It is a task in each of them; none: one in no group. */
  readonly places: readonly ProcessPlace[];
  /** names of processes */
  readonly dependsOn: readonly string[];
}

export interface ProcessPlace {
  readonly group: string | null;
  readonly priority: number;
}

/** "load.rows" → load, rows */
export function placeOfTask(taskId: string): { readonly group: string | null; readonly process: string } {
  const point = taskId.indexOf(".");
  return point < 0 ? { group: null, process: taskId } : { group: taskId.slice(0, point), process: taskId.slice(point + 1) };
}
