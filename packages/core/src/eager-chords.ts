/** Chords of what runs where it is called: counted there, and their bodies run next. */
import { hostname } from "node:os";
import { afterChord } from "./after-chord.ts";
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
}

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

  return {
    open,
    get isWaiting() {
      return waiting.size > 0;
    },
    count(members, end, parent) {
      const results: ResultRecord[] = [];
      const publish: Publication[] = [];
      const due = members.map((member) => ({ member, end }));
      for (let next = due.shift(); next !== undefined; next = due.shift()) {
        const { chordId: id, index, taskId, body } = next.member;
        const parts = partsOnce(id, { index, taskId, ...next.end });
        if (parts === null) continue;
        const after = afterChord(runtime, { id, body, parts, parent, hostname: hostname() });
        open(after.opens);
        results.push(...after.results);
        publish.push(...after.publish);
        due.push(...after.outer.map(({ member, part }) => ({ member, end: { state: part.state, value: part.value } })));
      }
      return { results, publish };
    },
  };
}
