/** Frames of the stream as text of server-sent events. Pure. */
import type { StreamFrame, TaskRow, WorkerRow } from "../../shared/contract.ts";

/** A frame of rows is no longer, where one row is not longer by itself. */
const longestFrame = 65_536;

export function encodeFrame(frame: StreamFrame): string {
  return JSON.stringify(frame);
}

/** `removed` is in the first. */
export function workerDeltas(rows: readonly string[], removed: readonly string[]): readonly string[] {
  const parts = inParts(rows);
  if (parts.length === 0 && removed.length > 0) parts.push([]);
  return parts.map(
    (part, at) => `{"kind":"delta","topic":"workers","rows":[${part.join(",")}],"removed":${JSON.stringify(at === 0 ? removed : [])}}`,
  );
}

/** The first says that these are all, the others bring more of them. */
export function workerSnapshot(rows: readonly string[]): readonly string[] {
  const [first = [], ...more] = inParts(rows);
  return [`{"kind":"snapshot","topic":"workers","rows":[${first.join(",")}]}`, ...more.flatMap((part) => workerDeltas(part, []))];
}

/** `newer` is in the first. Empty where there is nothing to tell. */
export function taskDeltas(rows: readonly string[], newer: number): readonly string[] {
  const parts = inParts(rows);
  if (parts.length === 0 && newer > 0) parts.push([]);
  return parts.map((part, at) => `{"kind":"delta","topic":"tasks","rows":[${part.join(",")}],"newer":${at === 0 ? newer : 0}}`);
}

export function encodeRow(row: WorkerRow | TaskRow): string {
  return JSON.stringify(row);
}

function inParts(rows: readonly string[]): string[][] {
  const parts: string[][] = [];
  let length = longestFrame;
  for (const row of rows) {
    if (length + row.length > longestFrame) {
      parts.push([]);
      length = 0;
    }
    parts.at(-1)!.push(row);
    length += row.length;
  }
  return parts;
}

/** What belongs together, with the place behind which a client that comes back goes on: it stands with the last, so that who has it has them all. */
export function eventText(frames: readonly string[], id: string): string {
  return frames.map((frame, at) => `${at === frames.length - 1 ? `id: ${id}\n` : ""}data: ${frame}\n\n`).join("");
}
