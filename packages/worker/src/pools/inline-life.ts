/** What ends an executor that is no process, and what its end ends: for those who stage tasks in it. */

/** The life of an executor in this thread, which has no process whose life it could be. */
export interface InlineLife {
  /** Ends it as if `reason` (e.g. "signal SIGKILL") had ended its process, with everything that runs in it. */
  end(reason: string): void;
  /** aborts when it has ended: what still runs goes on unseen, for as long as it does not heed its signal */
  readonly ended: AbortSignal;
}
