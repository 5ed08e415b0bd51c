/** Revoking tasks on the wire: Celery's command, with one argument of ours that Python's workers pass over. */
import type { ControlCall } from "./client.ts";

export interface RevokeOptions {
  /** Ends it even if it runs. */
  readonly terminate?: boolean | undefined;
  /** that its process is ended by: SIGTERM unless told */
  readonly signal?: string | undefined;
}

/** What every worker, of either language, is told to keep from beginning or, with `terminate`, to end. */
export function revokeArguments(ids: string | readonly string[], { terminate = false, signal = "SIGTERM" }: RevokeOptions): object {
  return { task_id: ids, terminate, signal };
}

/** To all workers. Ours abort the signal of a task that runs, with this reason; Python's let it run, and keep it from beginning if it has not begun. */
export function abortCall(ids: string | readonly string[], reason: string): ControlCall {
  return revokeCall({ ...revokeArguments(ids, {}), abort: reason });
}

/** To all workers. */
export function revokeCall(args: object): ControlCall {
  const everybody = { destination: null, pattern: null, matcher: null };
  return { method: "revoke", arguments: args as Readonly<Record<string, unknown>>, ...everybody };
}
