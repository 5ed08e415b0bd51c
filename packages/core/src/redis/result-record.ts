/** How a result lies in Redis: Celery's key, and the attempt inside Celery's text, where `keep-result.lua` looks for it. */
import type { GroupRecord, ResultRecord } from "../backend.ts";

/** The key of a task's result, and the channel on which its changes are told. */
export function resultKey(taskId: string): string {
  return `celery-task-meta-${taskId}`;
}

/** The key of what a group consists of. */
export function groupKey(groupId: string): string {
  return `celery-taskset-meta-${groupId}`;
}

/** What `keep_result` takes besides the key: text or msgpack, attempt, time to live in ms (0 = for ever). */
export function resultArguments(record: ResultRecord): readonly [stored: string | Buffer, attempt: number, ttlMs: number] {
  const { text, attempt, content } = record;
  return [storedForm({ text: content === undefined ? withAttempt(text, attempt) : text, content }), attempt, ttlOf(record)];
}

/** Text, or msgpack. */
export function storedForm({ text, content }: Pick<GroupRecord, "text" | "content">): string | Buffer {
  return content === undefined ? text : bufferOf(content.bytes);
}

/** ms; 0 = for ever */
export function ttlOf({ expiresMs }: Pick<GroupRecord, "expiresMs">): number {
  return expiresMs === null ? 0 : Math.max(1, Math.round(expiresMs));
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** The text with a member "retries" that says `attempt`; most texts have it, and a first attempt needs none. */
export function withAttempt(text: string, attempt: number): string {
  if (attempt === 0 || says(text, attempt)) return text;
  const end = text.lastIndexOf("}");
  // Readers take the last of two members of one name.
  return end < 0 ? text : `${text.slice(0, end)}, "retries": ${attempt}${text.slice(end)}`;
}

function says(text: string, attempt: number): boolean {
  if (!text.includes('"retries"')) return false;
  try {
    return (JSON.parse(text) as { readonly retries?: unknown } | null)?.retries === attempt;
  } catch {
    return false;
  }
}
