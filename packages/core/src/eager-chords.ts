/** Chords of what runs where it is called: counted there, and their bodies run next. */
import { hostname } from "node:os";
import { afterChord, type EndedChord } from "./after-chord.ts";
import type { AppRuntime } from "./app-runtime.ts";
import type { ResultRecord } from "./backend.ts";
import type { Publication } from "./broker.ts";
import type { ChordPart, ChordStart } from "./chord.ts";
import type { ChordMember } from "./chord-member.ts";
import type { Parentage } from "./compose.ts";

type Part = Pick<ChordPart, "index" | "taskId" | "state" | "value">;

export interface EagerChords {
  open(starts: readonly ChordStart[]): void;
  /** whether any waits for its members */
  readonly isWaiting: boolean;
  /** The end of a task that counts as these. */
  count(members: readonly ChordMember[], end: Pick<ChordPart, "state" | "value">, parent: Parentage): AfterMembers;
  /** A chord that is complete, whoever counted it. */
  close(chord: ClosableChord, parent: Parentage): AfterMembers;
}

type ClosableChord = Pick<EndedChord, "id" | "body" | "parts">;

/** What is stored and run next. */
export interface AfterMembers {
  readonly results: readonly ResultRecord[];
  readonly publish: readonly Publication[];
}

export function createEagerChords(runtime: AppRuntime): EagerChords {
  const waiting = new Map<string, { readonly size: number; readonly parts: Part[] }>();

  function open(starts: readonly ChordStart[]): void {
    for (const { id, size } of starts) waiting.set(id, { size, parts: [] });
  }

  /** null: others are awaited. */
  function partsOnce(chordId: string, part: Part): readonly Part[] | null {
    const chord = waiting.get(chordId);
    chord?.parts.push(part);
    if (chord === undefined || chord.parts.length < chord.size) return null;
    waiting.delete(chordId);
    return chord.parts.toSorted((a, b) => (a.index ?? Number.POSITIVE_INFINITY) - (b.index ?? Number.POSITIVE_INFINITY));
  }

  function count(members: readonly ChordMember[], end: Pick<ChordPart, "state" | "value">, parent: Parentage): AfterMembers {
    return joined(
      members.map(({ chordId: id, index, taskId, body }) => {
        const parts = partsOnce(id, { index, taskId, ...end });
        return parts === null ? none : close({ id, body, parts }, parent);
      }),
    );
  }

  function close(chord: ClosableChord, parent: Parentage): AfterMembers {
    const after = afterChord(runtime, { ...chord, parent, hostname: hostname() });
    open(after.opens);
    return joined([after, ...after.outer.map(({ member, part: { state, value } }) => count([member], { state, value }, parent))]);
  }

  return {
    open,
    get isWaiting() {
      return waiting.size > 0;
    },
    count,
    close,
  };
}

const none: AfterMembers = Object.freeze({ results: [], publish: [] });

function joined(all: readonly AfterMembers[]): AfterMembers {
  return { results: all.flatMap(({ results }) => results), publish: all.flatMap(({ publish }) => publish) };
}
