/** The chords of a space: who is awaited, and what was counted. Nothing here waits, so every step is whole. */
import type { ChordCount, ChordPart, ChordStart, CountedPart, QuietChord, QuietLook } from "../chord.ts";
import { ExpiringMap } from "./expiring-map.ts";

interface Chord {
  readonly start: ChordStart;
  /** tasks beside those that it was opened with */
  readonly added: Set<string>;
  readonly parts: Map<string, ChordPart>;
  /** who publishes, and until when that is nobody else's */
  closing: { readonly by: string; readonly until: number } | null;
  aliveAt: number;
  lookedAt: number;
}

/** A member may be delivered again for so long after its chord was closed. */
const closedMs = 86_400_000;

export class Chords {
  readonly #open = new ExpiringMap<Chord>();
  readonly #closed = new ExpiringMap<true>();
  /** of those that are open; what expired leaves with the next look */
  readonly #ids = new Set<string>();

  open(start: ChordStart, now: number): void {
    const { id, expiresMs, dueAt } = start;
    if (this.#closed.get(id, now) !== undefined || this.#open.get(id, now) !== undefined) return;
    const chord: Chord = { start, added: new Set(), parts: new Map(), closing: null, aliveAt: dueAt, lookedAt: dueAt };
    this.#open.set(id, chord, expiresMs === null ? null : now + expiresMs, now);
    this.#ids.add(id);
  }

  /** false: it is open no more. */
  add(chordId: string, taskId: string, now: number): boolean {
    const chord = this.#open.get(chordId, now);
    chord?.added.add(taskId);
    return chord !== undefined;
  }

  count(parts: readonly ChordPart[], now: number): ChordCount {
    const chord = this.#open.get(parts[0]?.chordId ?? "", now);
    if (chord === undefined) return "closed";
    for (const part of parts) if (!chord.parts.has(part.taskId)) chord.parts.set(part.taskId, part);
    chord.aliveAt = Math.max(chord.aliveAt, now);
    return chord.parts.size >= chord.start.size + chord.added.size ? "complete" : "open";
  }

  parts(chordId: string, now: number): readonly CountedPart[] {
    const parts = [...(this.#open.get(chordId, now)?.parts.values() ?? [])];
    return parts.sort((one, other) => (one.index ?? Number.MAX_VALUE) - (other.index ?? Number.MAX_VALUE));
  }

  beginClosing(chordId: string, by: string, forMs: number, now: number): "begun" | "others" | "closed" {
    const chord = this.#open.get(chordId, now);
    if (chord === undefined) return "closed";
    if (chord.closing !== null && chord.closing.by !== by && chord.closing.until > now) return "others";
    chord.closing = { by, until: now + forMs };
    return "begun";
  }

  /** false: it was closed before. */
  close(chordId: string, now: number): boolean {
    const isOpen = this.#open.get(chordId, now) !== undefined;
    this.#open.delete(chordId);
    this.#ids.delete(chordId);
    this.#closed.set(chordId, true, now + closedMs, now);
    return isOpen;
  }

  keepAlive(chordIds: readonly string[], nowMs: number, now: number): void {
    for (const id of chordIds) {
      const chord = this.#open.get(id, now);
      if (chord !== undefined) chord.aliveAt = Math.max(chord.aliveAt, nowMs);
    }
  }

  takeQuiet({ nowMs, everyMs, limit }: QuietLook, now: number): readonly QuietChord[] {
    const quiet: QuietChord[] = [];
    for (const id of this.#ids) {
      if (quiet.length >= limit) break;
      const chord = this.#open.get(id, now);
      if (chord === undefined) this.#ids.delete(id);
      else if (Math.max(chord.aliveAt, chord.lookedAt) <= nowMs - everyMs) {
        chord.lookedAt = nowMs;
        const { members, body } = chord.start;
        quiet.push({ id, members: [...members, ...chord.added], body, aliveAt: chord.aliveAt });
      }
    }
    return quiet;
  }
}
