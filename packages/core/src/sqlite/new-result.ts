/** Results and parts of chords as they go to the I/O thread: with the time at which they end in place of how long they are kept. */
import type { ResultRecord } from "../backend.ts";
import type { ChordPart } from "../chord.ts";
import type { NewPart, NewResult } from "./operation.ts";

export function newResult({ taskId, state, attempt, text, expiresMs }: ResultRecord, nowMs: number): NewResult {
  return { taskId, state, attempt, text, expires: endOf(expiresMs, nowMs) };
}

export function newPart({ chordId, index, taskId, state, value, expiresMs }: ChordPart, nowMs: number): NewPart {
  return { chordId, index, taskId, state, value, expires: endOf(expiresMs, nowMs) };
}

/** Epoch ms; null = never. */
export function endOf(expiresMs: number | null, nowMs: number): number | null {
  return expiresMs === null ? null : Math.round(nowMs + expiresMs);
}
