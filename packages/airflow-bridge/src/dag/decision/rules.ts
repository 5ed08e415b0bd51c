/**
 * When a task may run, by how those before it stand: Airflow's trigger rules, as its TriggerRuleDep decides them. The scheduler asks at each
 * look at a run, so that a failure or a skip goes on to those behind it before the other parents end.
 */
import { type FinishedState, type InstanceState, isFinished, type TriggerRule } from "../states.ts";

/** How the instances right before a task stand: of a mapped one each counts. */
export interface UpstreamCounts {
  readonly total: number;
  readonly success: number;
  readonly skipped: number;
  readonly failed: number;
  readonly upstreamFailed: number;
  readonly removed: number;
  /** the sum of these five: in whatever way they finished */
  readonly done: number;
  /** those of them that set up what a teardown clears away; default: none does */
  readonly setups?: SetupCounts | undefined;
}

export interface SetupCounts {
  readonly total: number;
  readonly success: number;
  readonly skipped: number;
}

export type RuleDecision =
  | { readonly kind: "run" }
  | { readonly kind: "wait" }
  | { readonly kind: "set"; readonly state: Extract<FinishedState, "skipped" | "upstream_failed" | "removed"> };

export function countUpstream(states: Iterable<InstanceState>): UpstreamCounts {
  const counts = { total: 0, success: 0, skipped: 0, failed: 0, upstream_failed: 0, removed: 0, done: 0 };
  for (const state of states) {
    counts.total++;
    if (!isFinished(state)) continue;
    counts[state]++;
    counts.done++;
  }
  const { upstream_failed: upstreamFailed, ...others } = counts;
  return { ...others, upstreamFailed };
}

/** `mapIndex`: of the instance that is decided on; -1: not mapped. A task without parents may run by any rule. */
export function applyRule(rule: TriggerRule, counts: UpstreamCounts, mapIndex = -1): RuleDecision {
  return counts.total === 0 ? run : decide[rule](counts, mapIndex);
}

const run: RuleDecision = Object.freeze({ kind: "run" });
const wait: RuleDecision = Object.freeze({ kind: "wait" });
const skip: RuleDecision = Object.freeze({ kind: "set", state: "skipped" });
const fail: RuleDecision = Object.freeze({ kind: "set", state: "upstream_failed" });
const remove: RuleDecision = Object.freeze({ kind: "set", state: "removed" });

/** Of each rule: what sets a state comes before what lets it run. */
const decide: Readonly<Record<TriggerRule, (counts: UpstreamCounts, mapIndex: number) => RuleDecision>> = {
  all_success(counts, mapIndex) {
    if (hasFailures(counts)) return fail;
    if (counts.skipped > 0) return skip;
    // In a mapped group one of its indexes is gone: this instance has nobody before it.
    if (counts.removed > 0 && counts.success > 0 && mapIndex >= counts.success) return remove;
    return runIf(counts.success + counts.removed >= counts.total);
  },
  all_failed(counts) {
    if (counts.success > 0 || counts.skipped > 0) return skip;
    return runIf(counts.failed + counts.upstreamFailed + counts.removed >= counts.total);
  },
  all_done: (counts) => runIf(isDone(counts)),
  all_done_min_one_success(counts) {
    if (counts.skipped > 0) return skip;
    if (!isDone(counts)) return wait;
    return counts.success === 0 ? fail : run;
  },
  all_done_setup_success(counts) {
    if (!isDone(counts)) return wait;
    const { total, success, skipped } = counts.setups ?? { total: 0, success: 0, skipped: 0 };
    if (total === 0) return run;
    if (skipped >= total) return skip;
    return success === 0 ? fail : run;
  },
  all_skipped(counts) {
    if (counts.success > 0 || hasFailures(counts)) return skip;
    return runIf(counts.skipped >= counts.total);
  },
  one_success(counts) {
    if (counts.success > 0) return run;
    if (!isDone(counts)) return wait;
    return counts.skipped === counts.done ? skip : fail;
  },
  one_failed(counts) {
    if (hasFailures(counts)) return run;
    return isDone(counts) ? skip : wait;
  },
  one_done(counts) {
    if (counts.success > 0 || counts.failed > 0) return run;
    return isDone(counts) ? skip : wait;
  },
  none_failed(counts) {
    if (hasFailures(counts)) return fail;
    return runIf(isDone(counts));
  },
  none_failed_min_one_success(counts) {
    if (hasFailures(counts)) return fail;
    if (counts.skipped === counts.total) return skip;
    if (!isDone(counts)) return wait;
    return counts.success === 0 ? fail : run;
  },
  none_skipped(counts) {
    if (counts.skipped > 0) return skip;
    return runIf(isDone(counts));
  },
  always: () => run,
};

function hasFailures({ failed, upstreamFailed }: UpstreamCounts): boolean {
  return failed > 0 || upstreamFailed > 0;
}

function isDone({ done, total }: UpstreamCounts): boolean {
  return done >= total;
}

function runIf(isMet: boolean): RuleDecision {
  return isMet ? run : wait;
}
