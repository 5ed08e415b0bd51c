/** Whether a worker should be given work, and why not: what /startz and /readyz answer. Pure. */
import { redactText } from "@celeriac/core/runtime";

export interface Standing {
  /** it consumes its queues, or did */
  readonly started: boolean;
  readonly stopping: boolean;
  /** why the broker is away; null: it is not, as far as is known */
  readonly loss: string | null;
}

export type Readiness =
  | { readonly ready: true }
  | { readonly ready: false; readonly reason: "starting" | "stopping" | "broker"; readonly detail?: string };

export function readinessOf({ started, stopping, loss }: Standing): Readiness {
  if (stopping) return { ready: false, reason: "stopping" };
  const detail = loss === null ? {} : { detail: redactText(loss) };
  if (!started) return { ready: false, reason: "starting", ...detail };
  return loss === null ? { ready: true } : { ready: false, reason: "broker", ...detail };
}
