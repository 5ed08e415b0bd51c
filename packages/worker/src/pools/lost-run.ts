/** How a run ends whose executor is gone without having reported its outcome. */
import type { Ending } from "@celeriac/core/runtime";
import type { HeldRun } from "./held-run.ts";

/** Why an executor is gone. */
export type EndCause =
  | { readonly kind: "died"; readonly reason: string }
  /** ended by the pool for the sake of some of its runs, which end so */
  | { readonly kind: "endedFor"; readonly endings: ReadonlyMap<HeldRun, Ending> }
  /** it was not to go on, and ended when it held nothing */
  | { readonly kind: "retired"; readonly reason: string }
  /** ended by the pool, because it stops */
  | { readonly kind: "stopped" };

/**
 * null = it has not begun and goes to another executor.
 * When an executor died, only what it reported begun counts; if it had reported nothing (`someBegun` false), any may have been the cause.
 */
export function endingWithout(held: HeldRun, cause: EndCause, someBegun: boolean): Ending | null {
  switch (cause.kind) {
    case "stopped":
      return { kind: "handedBack" };
    case "endedFor":
      return cause.endings.get(held) ?? (held.begun ? { kind: "handedBack" } : null);
    case "retired":
      return null;
    case "died":
      if (someBegun && !held.begun) return null;
      return { kind: "executorLost", reason: `The executor was lost: ${cause.reason}`, begun: true };
  }
}
