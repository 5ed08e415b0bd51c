/** The watchdog of chords, by a clock that the test moves. */
import { randomUUID } from "node:crypto";
import { type Config, createApp } from "@celeriac/core";
import { readResult, runtimeOf } from "@celeriac/core/runtime";
import { expect, it, onTestFinished } from "vitest";
import type { ChordContext } from "../../../packages/worker/src/chord-closing.ts";
import { lookAfterChords, watchChords } from "../../../packages/worker/src/chord-watchdog.ts";
import type { Request } from "../../../packages/worker/src/request.ts";
import { chordStart, partOf } from "../../conformance/backend/chords.ts";
import { createFakeClock } from "../../support/fake-clock.ts";

const minuteMs = 60_000;

/** An open chord of two members, the first of them counted. */
async function openChord(config: Config = {}) {
  const app = createApp("watched", { broker: `memory://${randomUUID()}`, config });
  onTestFinished(() => app.close());
  const runtime = runtimeOf(app)!;
  const { broker, backend } = await runtime.links();
  await Promise.all([broker.connect(), backend!.connect()]);
  const clock = createFakeClock(Date.now());
  const giveUp = new AbortController().signal;
  const context: ChordContext = { runtime, hostname: "watcher@here", broker, backend, clock, logger: runtime.logger, giveUp };
  const chords = backend!.chords!;
  const bodyId = randomUUID();
  const chord = chordStart(2, {
    dueAt: clock.now(),
    body: JSON.stringify({ task: "sum", args: [], kwargs: {}, options: { task_id: bodyId } }),
  });
  await chords.open(chord);
  await chords.count([partOf(chord, 0)]);
  const store = (taskId: string, state: string, result: unknown) => {
    const text = JSON.stringify({ status: state, result, task_id: taskId });
    return backend!.store({ taskId, state, attempt: 0, text, expiresMs: null, replyTo: null });
  };
  return {
    ...{ chord, chords, context, clock, bodyId, store },
    async look(afterMs: number, underway: readonly Request[] = []) {
      await clock.advance(afterMs);
      await lookAfterChords(context, chords, underway);
    },
    bodies: () => broker.queues.length("celery"),
    async ending() {
      const text = await backend!.get(bodyId);
      return text === null ? null : readResult(bodyId, text);
    },
    isClosed: async () => (await chords.count([partOf(chord, 0)])) === "closed",
  };
}

it("counts a member whose end was stored and not counted, and closes the chord", async () => {
  const { chord, look, store, bodies, isClosed } = await openChord();
  await store(chord.members[1]!, "SUCCESS", 2);
  await look(minuteMs / 2);
  expect(await bodies()).toBe(0);
  await look(minuteMs);
  expect(await bodies()).toBe(1);
  expect(await isClosed()).toBe(true);
  await look(minuteMs * 2);
  expect(await bodies()).toBe(1);
});

it("closes a chord whose members are all counted, where nobody has", async () => {
  const { chord, chords, look, bodies, isClosed } = await openChord();
  expect(await chords.count([partOf(chord, 1)])).toBe("complete");
  await look(minuteMs * 2);
  expect(await bodies()).toBe(1);
  expect(await isClosed()).toBe(true);
});

it("gives up a chord when nothing was heard of it for chordTimeout", async () => {
  const { chord, look, bodies, ending, isClosed } = await openChord({ chordTimeout: "10m" });
  await look(minuteMs * 9);
  expect(await ending()).toBeNull();
  await look(minuteMs * 2);
  expect(await ending()).toMatchObject({
    status: "FAILURE",
    result: {
      exc_type: "ChordError",
      exc_message: [`Dependency ${chord.members[1]} raised WorkerLostError('nothing was heard of it for 600 s (chordTimeout)')`],
    },
  });
  expect(await bodies()).toBe(0);
  expect(await isClosed()).toBe(true);
});

it("gives up no chord of which a member runs, or waits for its next attempt, and none at all where chordTimeout is null", async () => {
  const running = await openChord({ chordTimeout: "10m" });
  const request = { headers: { group: running.chord.id } } as unknown as Request;
  for (let round = 0; round < 5; round++) await running.look(minuteMs * 8, [request]);
  expect(await running.isClosed()).toBe(false);
  const retrying = await openChord({ chordTimeout: "10m" });
  await retrying.store(retrying.chord.members[1]!, "RETRY", null);
  await retrying.look(minuteMs * 60);
  expect(await retrying.isClosed()).toBe(false);
  const patient = await openChord({ chordTimeout: null });
  await patient.look(minuteMs * 60);
  expect(await patient.isClosed()).toBe(false);
});

it("leaves a body alone that has ended", async () => {
  const { chord, chords, look, store, bodyId, bodies, isClosed } = await openChord();
  await chords.count([partOf(chord, 1)]);
  await store(bodyId, "SUCCESS", 3);
  await look(minuteMs * 2);
  expect(await bodies()).toBe(0);
  expect(await isClosed()).toBe(true);
});

it("looks once a minute until it is stopped", async () => {
  const { chord, store, context, clock, bodies } = await openChord();
  await store(chord.members[1]!, "SUCCESS", 2);
  const stop = watchChords(context, () => []);
  await clock.advance(minuteMs * 2);
  expect(await bodies()).toBe(1);
  stop();
});
