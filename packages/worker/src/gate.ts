/** Decides what becomes of a request before it may take a slot: revoked, too early, too late, too often begun, paused, or on to the pool. Pure. */
import { codedReasonOf, tooLarge } from "@celeriac/core/runtime";
import type { PausedTasks } from "./paused-tasks.ts";
import type { Request } from "./request.ts";
import type { Revoked } from "./revoked.ts";

export type Verdict =
  | { readonly kind: "run" }
  /** came before its time: waits in the broker */
  | { readonly kind: "park"; readonly afterMs: number; readonly dueAt: number }
  /** nobody is to begin its task for now: looked at again later */
  | { readonly kind: "paused" }
  | { readonly kind: "expired" }
  | { readonly kind: "revoked"; readonly reason: string }
  /** larger than may be decoded */
  | { readonly kind: "undecodable"; readonly reason: string }
  /** began too often without an end */
  | { readonly kind: "poisoned"; readonly deliveries: number }
  | { readonly kind: "unknown" }
  /** has a hard time limit, and nothing here could end it */
  | { readonly kind: "unlimitable" };

/** Less than this early is on time: the broker's clock and ours differ by more. */
const toleranceMs = 1;

/** What people have said of tasks. */
export interface Orders {
  readonly revoked: Pick<Revoked, "reasonFor">;
  readonly paused: Pick<PausedTasks, "has">;
}

/** `endsRuns`: of the pool it would go to */
export function judge(request: Request, nowMs: number, endsRuns: boolean, { revoked, paused }: Orders): Verdict {
  const { etaAt, expiresAt } = request.headers;
  if (request.definition === undefined || request.definition.code.kind === "declared") return { kind: "unknown" };
  if (expiresAt !== null && expiresAt <= nowMs) return { kind: "expired" };
  const revokedFor = revoked.reasonFor(request.headers);
  if (revokedFor !== null) return { kind: "revoked", reason: revokedFor };
  if (request.delivery.deliveries >= request.maxDeliveries) return { kind: "poisoned", deliveries: request.delivery.deliveries };
  if (request.run.body.byteLength > request.maxBytes)
    return { kind: "undecodable", reason: codedReasonOf(tooLarge(request.run.body.byteLength, request.maxBytes)) };
  if (etaAt !== null && etaAt - nowMs > toleranceMs) return { kind: "park", afterMs: etaAt - nowMs, dueAt: etaAt };
  if (paused.has(request.run.task)) return { kind: "paused" };
  if (!endsRuns && request.run.timeLimitMs !== null) return { kind: "unlimitable" };
  return { kind: "run" };
}
