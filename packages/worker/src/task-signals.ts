/** Celery's signals of tasks that are told in the worker's own process: what came, and what was not run or not to its end. */
import { constants } from "node:os";
import { type AppRuntime, type Ending, type SignalEvents, taskFactsOf } from "@celeriac/core/runtime";
import type { Request } from "./request.ts";

export interface SignalParts {
  readonly runtime: Pick<AppRuntime, "signals">;
  /** the worker's node name */
  readonly hostname: string;
}

export function signalReceived({ runtime, hostname }: SignalParts, request: Request): void {
  runtime.signals.send("taskReceived", () => eventOf(request, hostname));
}

/** To be called when it is settled, and not handed back. */
export function signalEnded({ runtime, hostname }: SignalParts, request: Request, ending: Ending): void {
  const { signals } = runtime;
  const revoked = (more: Pick<SignalEvents["taskRevoked"], "terminated" | "signum" | "expired">) =>
    signals.send("taskRevoked", () => ({ ...eventOf(request, hostname), ...more }));
  switch (ending.kind) {
    case "expired":
      revoked({ terminated: false, signum: null, expired: true });
      break;
    case "revoked":
      revoked({ terminated: ending.begun, signum: null, expired: false });
      break;
    case "terminated":
      revoked({ terminated: true, signum: constants.signals[ending.signal], expired: false });
      break;
    case "unknown":
      signals.send("taskUnknown", () => eventOf(request, hostname));
      break;
    default:
      break;
  }
}

function eventOf({ run, headers }: Request, hostname: string): SignalEvents["taskReceived"] {
  return { ...taskFactsOf(run, headers, hostname), task: run.task };
}
