/** How a result lies in Redis: Celery's key, and the attempt inside Celery's text, where `keep-result.lua` looks for it. */
import type { ResultRecord } from "../backend.ts";

/** The key of a task's result, and the channel on which its changes are told. */
export function resultKey(taskId: string): string {
  return `celery-task-meta-${taskId}`;
}

/** What `keep_result` takes besides the key: text or msgpack, attempt, time to live in ms (0 = for ever). */
export function resultArguments(record: ResultRecord): readonly [stored: string | Buffer, attempt: number, ttlMs: number] {
  const { text, content, attempt, expiresMs } = record;
  const ttlMs = expiresMs === null ? 0 : Math.max(1, Math.round(expiresMs));
  const stored = content === undefined ? withAttempt(text, attempt) : bufferOf(content.bytes);
  return [stored, attempt, ttlMs];
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
