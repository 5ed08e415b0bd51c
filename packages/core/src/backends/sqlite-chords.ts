/** Chords in a SQLite file, beside the results. */
import type { ChordStore } from "../chord.ts";
import type { Clock } from "../clock.ts";
import { endOf, newPart } from "../sqlite/new-result.ts";
import type { Answer, OperationFields, OperationKind } from "../sqlite/operation.ts";

/** `ask`: rejects with the errors of a backend. */
export function createSqliteChords(
  ask: <K extends OperationKind>(kind: K, fields: OperationFields<K>) => Promise<Answer<K>>,
  clock: Clock,
): ChordStore {
  return {
    async open({ expiresMs, ...start }) {
      await ask("openChord", { chord: { ...start, expires: endOf(expiresMs, clock.now()) } });
    },
    add: (chordId, taskId) => ask("addToChord", { chordId, taskId }),
    count: (parts) => ask("countChord", { parts: parts.map((part) => newPart(part, clock.now())) }),
    parts: (chordId) => ask("chordParts", { chordId }),
    beginClosing: (chordId, by, forMs) => ask("beginClosing", { chordId, by, forMs }),
    async endClosing(chordId) {
      await ask("endClosing", { chordId });
    },
    async keepAlive(chordIds, nowMs) {
      await ask("keepChords", { chordIds, nowMs });
    },
    takeQuiet: ({ nowMs, everyMs, limit }) => ask("takeChords", { before: nowMs - everyMs, nowMs, limit }),
  };
}
