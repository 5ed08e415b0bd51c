/** What is written of chords, inside the turn's transaction. */
import type { Answer, NewMessage, NewResult, OperationFields } from "./operation.ts";
import type { Tables } from "./tables.ts";
import type { Turn } from "./turn.ts";

type ChordKind = "openChord" | "addToChord" | "countChord" | "beginClosing" | "endClosing" | "closeChord" | "keepChords" | "takeChords";
export type ChordWriters = { readonly [K in ChordKind]: (fields: OperationFields<K>, turn: Turn, raw: Uint8Array) => Answer<K> };

/** What ends a chord beside it. */
export interface ChordFollowers {
  insert(messages: readonly NewMessage[], raw: Uint8Array, turn: Turn): void;
  store(result: NewResult, turn: Turn): void;
}

export function createChordWriters({ chords }: Pick<Tables, "chords">, { insert, store }: ChordFollowers): ChordWriters {
  return {
    openChord({ chord }) {
      chords.open(chord);
      return null;
    },
    addToChord: ({ chordId, taskId }, { now }) => chords.add(chordId, taskId, now),
    countChord: ({ parts }, { now }) => chords.count(parts, now),
    beginClosing: ({ chordId, by, forMs }, { now }) => chords.beginClosing(chordId, by, forMs, now),
    endClosing({ chordId }, { now }) {
      chords.close(chordId, now);
      return null;
    },
    closeChord({ chordId, results, publish }, turn, raw) {
      if (!chords.close(chordId, turn.now)) return false;
      for (const result of results) store(result, turn);
      insert(publish, raw, turn);
      return true;
    },
    keepChords({ chordIds, nowMs }) {
      chords.keepAlive(chordIds, nowMs);
      return null;
    },
    takeChords: ({ before, nowMs, limit }) => chords.takeQuiet(before, limit, nowMs),
  };
}
