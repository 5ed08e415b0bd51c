/** Which chord a task counts for: as its message says, or the signatures that its message still carries. */
import { bodyOf, kindOf, tasksOf } from "./canvas/composite.ts";
import type { ChordPart } from "./chord.ts";
import { resultExpiresMs, type Settings } from "./config.ts";
import { type Embed, emptyEmbed } from "./message.ts";
import { resultContent } from "./result-form.ts";
import { readResult } from "./result-meta.ts";
import { encodeJson } from "./serializers/json.ts";
import type { SignatureJson } from "./step.ts";
import type { TaskHeaders } from "./task-headers.ts";

const none: readonly ChordMember[] = Object.freeze([]);

/** Where a task is counted. */
export type ChordPlace = Pick<ChordPart, "chordId" | "index" | "taskId">;

/** A task of a chord's header, or one in which a step of it ends. */
export interface ChordMember extends ChordPlace {
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

/** All that count the end of a task: itself where it succeeded, and else what is behind it as well. */
export function chordMembersOf(
  headers: Pick<TaskHeaders, "id" | "group" | "groupIndex">,
  embed: Embed,
  isSuccess: boolean,
): readonly ChordMember[] {
  if (embed === emptyEmbed) return none;
  const own = chordMemberOf(headers, embed);
  const behind = isSuccess ? none : unreachedMembers(embed);
  return own === null ? behind : [own, ...behind];
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
  switch (kindOf(signature)) {
    case null:
      return none;
    case "chain":
      return tasksOf(signature).slice(-1).flatMap(membersOf);
    case "group":
      return tasksOf(signature).flatMap(membersOf);
    case "chord":
      return membersOf(bodyOf(signature));
  }
}

/** As they cross from an executor to its worker: a body may be large, and only who closes the chord needs it. */
export function placesOf(members: readonly ChordMember[]): readonly ChordPlace[] {
  return members.map(({ chordId, index, taskId }) => ({ chordId, index, taskId }));
}

/** `value`: JSON text of the value, or of Celery's exception. */
export function chordPartOf(
  settings: Pick<Settings, "resultExpires" | "resultSerializer">,
  { chordId, index, taskId }: ChordPlace,
  state: ChordPart["state"],
  value: string,
): ChordPart {
  const entry = resultContent(`[1, ${JSON.stringify(taskId)}, "${state}", ${value}]`, settings.resultSerializer)?.bytes;
  return { chordId, index, taskId, state, value, entry, expiresMs: resultExpiresMs(settings) };
}

/** What a member's stored result says: of one that has ended what counts, `value` as above. */
export type MemberState = "unknown" | "underway" | Pick<ChordPart, "state" | "value">;

export function memberStateOf(taskId: string, text: string | null): MemberState {
  if (text === null) return "unknown";
  try {
    const { status, result } = readResult(taskId, text);
    if (status !== "SUCCESS" && status !== "FAILURE" && status !== "REVOKED") return "underway";
    return { state: status, value: encodeJson(result, "result") };
  } catch {
    // Nobody will ever read it: as good as none.
    return "unknown";
  }
}

function isSignature(value: unknown): value is SignatureJson {
  return typeof value === "object" && value !== null && typeof (value as Partial<SignatureJson>).task === "string";
}
