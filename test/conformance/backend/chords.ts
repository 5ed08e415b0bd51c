/** Result backend cases: chords, where they can be counted. */
import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import type { ChordPart, ChordStart, ChordStore } from "../../../packages/core/src/chord.ts";
import { eventually } from "../../support/eventually.ts";
import type { Suite } from "./world.ts";

const hourMs = 3_600_000;

export function chordStart(size: number, change: Partial<ChordStart> = {}): ChordStart {
  const members = Array.from({ length: size }, () => randomUUID());
  return { id: randomUUID(), size, members, body: '{"task": "sum"}', dueAt: Date.now(), expiresMs: hourMs, ...change };
}

/** The part of its nth member. */
export function partOf({ id, members }: ChordStart, index: number, change: Partial<ChordPart> = {}): ChordPart {
  return { chordId: id, index, taskId: members[index]!, state: "SUCCESS", value: String(index), expiresMs: hourMs, ...change };
}

export function describeChords(suite: Suite): void {
  const stores = (): readonly [ChordStore, ChordStore] => [suite.caller().chords!, suite.worker().chords!];

  it("counts a chord's parts until it is complete, and gives them in order", async () => {
    const [caller, worker] = stores();
    const chord = chordStart(4);
    await caller.open(chord);
    expect(await worker.count([partOf(chord, 2, { value: "1234567890123456789" })])).toBe("open");
    expect(
      await caller.count([
        partOf(chord, 3, { index: null, value: '"last"' }),
        partOf(chord, 0, { state: "FAILURE", value: '{"exc_type":"E"}' }),
      ]),
    ).toBe("open");
    expect(await worker.count([partOf(chord, 1, { state: "REVOKED", value: "[1,[2]]" })])).toBe("complete");
    expect(await caller.parts(chord.id)).toEqual(
      [
        { taskId: chord.members[0], state: "FAILURE", value: '{"exc_type":"E"}' },
        { taskId: chord.members[1], state: "REVOKED", value: "[1,[2]]" },
        { taskId: chord.members[2], state: "SUCCESS", value: "1234567890123456789" },
        { taskId: chord.members[3], state: "SUCCESS", value: '"last"' },
      ].map((part) => expect.objectContaining(part)),
    );
  });

  it("counts a task once, and members that share an index each for itself", async () => {
    const [caller, worker] = stores();
    const chord = chordStart(3);
    await caller.open(chord);
    expect(await worker.count([partOf(chord, 0)])).toBe("open");
    expect(await worker.count([partOf(chord, 0, { value: '"another"' })])).toBe("open");
    expect(await worker.count([partOf(chord, 1, { index: 0 })])).toBe("open");
    expect((await caller.parts(chord.id)).map(({ value }) => value).sort()).toEqual(["0", "1"]);
    expect(await worker.count([partOf(chord, 2)])).toBe("complete");
  });

  it("is complete for whoever repeats a part until it is closed, and then counts nothing more, opened again or not", async () => {
    const [caller, worker] = stores();
    const chord = chordStart(2);
    await caller.open(chord);
    await worker.count([partOf(chord, 0)]);
    expect(await worker.count([partOf(chord, 1)])).toBe("complete");
    expect(await caller.count([partOf(chord, 1)])).toBe("complete");
    expect(await caller.count([partOf(chord, 0)])).toBe("complete");
    await worker.endClosing(chord.id);
    await worker.endClosing(chord.id);
    expect(await caller.count([partOf(chord, 1)])).toBe("closed");
    expect(await caller.parts(chord.id)).toEqual([]);
    await caller.open(chord);
    expect(await caller.count([partOf(chord, 0), partOf(chord, 1)])).toBe("closed");
  });

  it("forgets nothing when it is opened once more while members end", async () => {
    const [caller, worker] = stores();
    const chord = chordStart(2);
    await caller.open(chord);
    await worker.count([partOf(chord, 0)]);
    await caller.open(chord);
    expect(await worker.count([partOf(chord, 1)])).toBe("complete");
  });

  it("counts what two processes count at once, and tells at least one that it is complete", async () => {
    const [caller, worker] = stores();
    const chord = chordStart(30);
    await caller.open(chord);
    const counts = await Promise.all(chord.members.map((_, index) => (index % 2 === 0 ? caller : worker).count([partOf(chord, index)])));
    expect(counts).toContain("complete");
    expect((await worker.parts(chord.id)).map(({ value }) => Number(value))).toEqual(chord.members.map((_, index) => index));
  });

  it("waits for tasks that are added while it is open, once for each", async () => {
    const [caller, worker] = stores();
    const chord = chordStart(1);
    await caller.open(chord);
    const [task, other] = [randomUUID(), `${randomUUID()} "x"`];
    expect(await Promise.all([worker.add(chord.id, task), caller.add(chord.id, task), worker.add(chord.id, other)])).toEqual([
      true,
      true,
      true,
    ]);
    expect(await worker.count([partOf(chord, 0)])).toBe("open");
    expect(await worker.count([partOf(chord, 0, { taskId: task })])).toBe("open");
    // What was counted since the look before is a sign of life.
    const look = (hours: number) => worker.takeQuiet({ nowMs: Date.now() + hours * hourMs, everyMs: 60_000, limit: 1_000 });
    await look(1);
    const quiet = await look(2);
    expect(new Set(quiet.find(({ id }) => id === chord.id)?.members)).toEqual(new Set([...chord.members, task, other]));
    expect(await caller.count([partOf(chord, 0, { taskId: other, index: null })])).toBe("complete");
    expect(await worker.parts(chord.id)).toHaveLength(3);
    await worker.endClosing(chord.id);
    expect(await caller.add(chord.id, randomUUID())).toBe(false);
  });

  it("lets one publish for it, and another one when that one is silent", async () => {
    const [caller, worker] = stores();
    const chord = chordStart(1);
    await caller.open(chord);
    await worker.count([partOf(chord, 0)]);
    expect(await worker.beginClosing(chord.id, "one", hourMs)).toBe("begun");
    expect(await caller.beginClosing(chord.id, "two", hourMs)).toBe("others");
    expect(await caller.beginClosing(chord.id, "one", 1)).toBe("begun");
    await eventually(async () => expect(await caller.beginClosing(chord.id, "two", hourMs)).toBe("begun"));
    expect(await caller.count([partOf(chord, 0)])).toBe("complete");
    await caller.endClosing(chord.id);
    expect(await worker.beginClosing(chord.id, "two", 1)).toBe("closed");
  });

  it("gives a chord of which nothing was heard to one who looks, once in a while", async () => {
    const [caller, worker] = stores();
    // Other tests' chords may lie there as well.
    const take = async (store: ChordStore, nowMs: number) =>
      (await store.takeQuiet({ nowMs, everyMs: 60_000, limit: 1_000 })).filter(({ id }) => id === chord.id);
    const dueAt = Date.now();
    const chord = chordStart(2, { dueAt });
    await caller.open(chord);
    expect(await take(worker, dueAt + 59_000)).toEqual([]);
    expect(await take(worker, dueAt + 61_000)).toEqual([{ id: chord.id, members: chord.members, body: chord.body, aliveAt: dueAt }]);
    expect(await take(caller, dueAt + 62_000)).toEqual([]);
    await caller.keepAlive([chord.id, randomUUID()], dueAt + 100_000);
    expect(await take(worker, dueAt + 130_000)).toEqual([]);
    expect(await take(worker, dueAt + 200_000)).toEqual([expect.objectContaining({ aliveAt: dueAt + 100_000 })]);
    await worker.endClosing(chord.id);
    expect(await take(worker, dueAt + hourMs / 2)).toEqual([]);
  });

  it("knows nothing of a chord that nobody opened", async () => {
    const [, worker] = stores();
    const chord = chordStart(1);
    expect(await worker.parts(chord.id)).toEqual([]);
    expect(await worker.count([partOf(chord, 0)])).not.toBe("complete");
    await worker.endClosing(chord.id);
    expect(await worker.count([partOf(chord, 0)])).toBe("closed");
  });
}
