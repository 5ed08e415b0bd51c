/** What runs in the place of a task that replaced itself: under its id, in its place of chain and chord, with all that would have followed it. */
import type { AppRuntime } from "./app-runtime.ts";
import { freeze } from "./canvas/freeze.ts";
import { endingInOne } from "./canvas/join.ts";
import { plan } from "./canvas/plan.ts";
import { withCallbacks, withErrbacks, withStanding } from "./canvas/reach.ts";
import { type Followed, type FollowUps, followingContext, followUps } from "./follow-up.ts";
import type { SignatureJson } from "./step.ts";

/** Throws what planning and encoding it throws, RESULT_CHORDS. */
export function replacementOf(runtime: AppRuntime, run: Followed, signature: SignatureJson): FollowUps {
  const { headers, replyTo } = run;
  const { callbacks, errbacks, chain, chord } = run.body.embed;
  // The id is that of one task, whose result is the list of all that a group gives.
  const onHeaders = runtime.settings.taskAllowErrorCbOnChordHeader;
  const linked = withErrbacks(withCallbacks(endingInOne(signature), callbacks ?? []), errbacks ?? [], onHeaders);
  const standing = withStanding(linked, { group_id: headers.group ?? undefined, chord: chord ?? undefined });
  const context = followingContext(runtime, run, "part", replyTo);
  const { signature: frozen } = freeze(standing, context, { id: headers.id, index: headers.groupIndex ?? undefined });
  return followUps(runtime, run, [plan(context, frozen, { chain })], headers.nesting + 1);
}
