/** A task that another one adds to the chord that both count for: sent while that one runs, so the chord waits for it. */
import type { AppRuntime } from "./app-runtime.ts";
import { attemptNumber } from "./attempt.ts";
import { endsOf, freeze } from "./canvas/freeze.ts";
import { endingInOne } from "./canvas/join.ts";
import { withStanding } from "./canvas/reach.ts";
import { createSignature, senderOf } from "./canvas/signature.ts";
import { chordMemberOf } from "./chord-member.ts";
import { deriveId } from "./derived-id.ts";
import { CeleriacError } from "./errors.ts";
import type { Followed } from "./follow-up.ts";
import type { AsyncResult } from "./result.ts";
import { type Step, stepJson } from "./step.ts";

/** `next`: counts what a run adds. Throws TASK_CONTEXT, RESULT_CHORDS, BACKEND_*, PublishError. */
export async function addedMember<R>(
  runtime: AppRuntime,
  { headers, body, replyTo }: Followed,
  step: Step<[], R>,
  next: () => number,
): Promise<AsyncResult<R>> {
  const member = chordMemberOf(headers, body.embed);
  if (member === null) throw new CeleriacError("TASK_CONTEXT", `addToChord(): task ${headers.id} is in no chord's header`);
  const { chordId, index } = member;
  const standing = withStanding(endingInOne(stepJson(step)), { group_id: chordId, chord: member.body });
  // The same in each attempt: what was counted once, and not sent because the run broke off there, is sent by the next.
  const attempt = attemptNumber({ retries: 0, nesting: headers.nesting });
  const nextId = () => deriveId(headers.id, attempt, "member", next());
  // The ids are taken before anything is waited for: in the order of the calls.
  const { signature } = freeze(standing, { nextId, replyTo }, { index: index ?? undefined });
  const { backend } = await runtime.links();
  if (backend?.chords === undefined)
    throw new CeleriacError("RESULT_CHORDS", "addToChord(): the chord is counted in a result backend, and this app's counts none");
  await backend.connect();
  for (const end of endsOf(signature))
    if (!(await backend.chords.add(chordId, end)))
      throw new CeleriacError("TASK_CONTEXT", `addToChord(): chord ${chordId} has ended, or has been forgotten`);
  return await createSignature<[], R>(senderOf([step]), signature).delay();
}
