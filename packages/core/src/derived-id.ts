/** Ids of what follows a task, derived from it: a settlement repeated after a crash publishes the same tasks again, never new ones. */
import { createHash } from "node:crypto";

/** `part`: of a composite whose caller gave its id; `chord`: of a chord's body; `member`: added to its chord by a task. */
export type FollowUpKind = "callback" | "errback" | "chain" | "part" | "chord" | "member";

/** A UUID (version 5 form) of (task id, attempt, kind, index). */
export function deriveId(taskId: string, attempt: number, kind: FollowUpKind, index: number): string {
  const hex = createHash("sha1").update(`${taskId} ${attempt} ${kind} ${index}`).digest("hex");
  const variant = ((Number.parseInt(hex.slice(16, 18), 16) & 0x3f) | 0x80).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(18, 20)}-${hex.slice(20, 32)}`;
}

/** Ids for the parts of a composite whose caller gave its id: the first one, the second, and so on. */
export function partIds(id: string): () => string {
  let made = 0;
  return () => deriveId(id, 0, "part", ++made);
}

/** The delivery tag of one attempt of a task. */
export function deliveryTag(taskId: string, attempt: number): string {
  return attempt === 0 ? taskId : `${taskId}.${attempt}`;
}
