/** The states of a task as Celery writes them. */

/** PENDING is never stored: it means that nothing is known. */
export type FinalState = "SUCCESS" | "FAILURE" | "REVOKED";

export function isFinal(state: string): state is FinalState {
  return state === "SUCCESS" || state === "FAILURE" || state === "REVOKED";
}

/** The state that self.progress() stores: the one Celery's own documentation uses. */
export const progressState = "PROGRESS";
