/** Which chord a task counts for: as its message says, or the signatures that its message still carries. */
import type { ChordPart } from "./chord.ts";
import { resultExpiresMs, type Settings } from "./config.ts";
import type { Embed } from "./message.ts";
import { resultContent } from "./result-form.ts";
import type { SignatureJson } from "./step.ts";
import type { TaskHeaders } from "./task-headers.ts";

/** A task of a chord's header, or one that ends a step of it. */
export interface ChordMember extends Pick<ChordPart, "chordId" | "index" | "taskId"> {
  /** the chord's body, frozen */
  readonly body: SignatureJson;
}

/** Of a task that has ended for good; null: it counts for none. */
export function chordMemberOf(
  { id, group, groupIndex }: Pick<TaskHeaders, "id" | "group" | "groupIndex">,
  { chord }: Embed,
): ChordMember | null {
  return chord === null || group === null ? null : { chordId: group, index: groupIndex, taskId: id, body: chord };
}

/** Those that will never run because a step before them has failed: the rest of its chain. */
export function unreachedMembers({ chain }: Pick<Embed, "chain">): readonly ChordMember[] {
  return chain === null ? [] : chain.flatMap(membersOf);
}

/** In a signature on its way: its own place in a chord, or that of the task in which a composite ends. */
function membersOf(signature: SignatureJson): readonly ChordMember[] {
  const options = signature.options ?? {};
  const { chord, group_id: chordId, group_index: index, task_id: taskId } = options;
  if (isSignature(chord) && typeof chordId === "string" && typeof taskId === "string")
    return [{ chordId, index: typeof index === "number" ? index : null, taskId, body: chord }];
  const { body, tasks } = signature.kwargs ?? {};
  if (signature.task === "celery.chord") return isSignature(body) ? membersOf(body) : [];
  const steps = Array.isArray(tasks) ? tasks.filter(isSignature) : [];
  if (signature.task === "celery.group") return steps.flatMap(membersOf);
  return signature.task === "celery.chain" ? steps.slice(-1).flatMap(membersOf) : [];
}

/** `value`: JSON text of the value, or of Celery's exception. */
export function chordPartOf(
  settings: Pick<Settings, "resultExpires" | "resultSerializer">,
  { chordId, index, taskId }: Pick<ChordPart, "chordId" | "index" | "taskId">,
  state: ChordPart["state"],
  value: string,
): ChordPart {
  const entry = resultContent(`[1, ${JSON.stringify(taskId)}, "${state}", ${value}]`, settings.resultSerializer)?.bytes;
  return { chordId, index, taskId, state, value, entry, expiresMs: resultExpiresMs(settings) };
}

function isSignature(value: unknown): value is SignatureJson {
  return typeof value === "object" && value !== null && typeof (value as Partial<SignatureJson>).task === "string";
}
