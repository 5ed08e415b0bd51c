/** Broker cases: chords that are counted by the settlements of their members, where the broker keeps the results. */
import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import type { ResultRecord } from "../../../packages/core/src/backend.ts";
import type { Broker, Delivery } from "../../../packages/core/src/broker.ts";
import { idOf, publicationTo } from "../../support/envelopes.ts";
import { chordStart, partOf } from "../backend/chords.ts";
import { acknowledge, consume, type OpenCase } from "./world.ts";

export function describeChordSettling(open: OpenCase): void {
  /** A chord's members, claimed, each with its settlement; and where the body goes. */
  async function members(context: Parameters<OpenCase>[0], size: number, workers = 1) {
    const { connect, world } = open(context);
    const { url, openBackend } = world.results!;
    const [queue, bodies, after] = [world.queue(), world.queue(), world.queue()];
    const brokers = await Promise.all(Array.from({ length: workers }, () => connect({ resultUrl: url })));
    const backend = openBackend();
    context.onTestFinished(() => backend.close());
    await backend.connect();
    const chord = chordStart(size);
    await backend.chords!.open(chord);
    const broker = brokers[0]!;
    await broker.declare(after);
    for (const id of chord.members) await broker.publish(publicationTo(queue, { id }));
    const share = Math.ceil(size / workers);
    const claims: { readonly broker: Broker; readonly delivery: Delivery; readonly index: number }[] = [];
    for (const each of brokers) {
      const { inbox } = await consume(each, queue, { readAhead: share });
      for (const delivery of await inbox.take(share))
        claims.push({ broker: each, delivery, index: chord.members.indexOf(idOf(delivery.envelope)) });
    }
    claims.sort((one, other) => one.index - other.index);
    const settle = (index: number) => {
      const then = publicationTo(after, { id: `after-${index}-${chord.id}` });
      const result = resultOf(chord.members[index]!, index);
      return claims[index]!.delivery.settle({ results: [result], parts: [partOf(chord, index)], publish: [then], then: acknowledge });
    };
    const bodyId = randomUUID();
    const close = (by: Broker) => by.closeChord!(chord.id, { results: [], publish: [publicationTo(bodies, { id: bodyId })] });
    const lengths = async () => [await broker.queues.length(after), await broker.queues.length(bodies)];
    const takeBody = async () => idOf((await (await consume(broker, bodies)).inbox.next()).envelope);
    return { chord, backend, broker, claims, settle, close, lengths, bodyId, takeBody, queue, world };
  }

  test("counts a member in its settlement, and keeps the claim of the last one until its chord is closed", async (context) => {
    const { backend, chord, broker, settle, close, lengths, bodyId, takeBody } = await members(context, 2);
    expect(await settle(1)).toBe("settled");
    expect(await lengths()).toEqual([1, 0]);
    expect(await settle(0)).toBe("complete");
    expect(await settle(0)).toBe("complete");
    expect(await lengths()).toEqual([1, 0]);
    expect(await backend.get(chord.members[0]!)).toBe(resultOf(chord.members[0]!, 0).text);
    expect((await backend.chords!.parts(chord.id)).map(({ value }) => value)).toEqual(["0", "1"]);
    expect(await close(broker)).toBe(true);
    expect(await close(broker)).toBe(false);
    expect(await settle(0)).toBe("settled");
    expect(await settle(0)).toBe("lost");
    expect(await lengths()).toEqual([2, 1]);
    expect(await backend.chords!.parts(chord.id)).toEqual([]);
    expect(await takeBody()).toBe(bodyId);
  });

  test("counts nothing of a claim that is lost", async (context) => {
    const { connect, world } = open(context);
    const { url, openBackend } = world.results!;
    const backend = openBackend();
    context.onTestFinished(() => backend.close());
    await backend.connect();
    const [broker, queue, chord] = [await connect({ resultUrl: url }), world.queue(), chordStart(1)];
    await backend.chords!.open(chord);
    await broker.publish(publicationTo(queue, { id: chord.members[0]! }));
    const { consumer, inbox } = await consume(broker, queue);
    const delivery = await inbox.next();
    await consumer.close();
    const settled = delivery.settle({
      results: [resultOf(chord.members[0]!, 1)],
      parts: [partOf(chord, 0)],
      publish: [],
      then: acknowledge,
    });
    expect(await settled.catch(() => "refused")).not.toBe("settled");
    expect(await backend.chords!.parts(chord.id)).toEqual([]);
    expect(await backend.get(chord.members[0]!)).toBeNull();
  });

  test("closes once where two workers settle the last members at once", async (context) => {
    const { claims, settle, close, lengths } = await members(context, 6, 2);
    const outcomes = await Promise.all(claims.map(({ index }) => settle(index)));
    expect(outcomes).toContain("complete");
    const complete = claims.filter((_, position) => outcomes[position] === "complete");
    const closed = await Promise.all([...complete, ...complete].map(({ broker }) => close(broker)));
    expect(closed.filter(Boolean)).toHaveLength(1);
    for (const { index } of complete) expect(await settle(index)).toBe("settled");
    expect(await lengths()).toEqual([6, 1]);
  });

  test("counts a member that goes to the dead letters, and stores what ends the chord in the step that closes it", async (context) => {
    const { backend, broker, chord, claims, lengths, queue } = await members(context, 1);
    const dead = { kind: "deadLetter", reason: "poisoned" } as const;
    const part = partOf(chord, 0, { state: "FAILURE", value: '{"exc_type": "WorkerLostError"}' });
    expect(await claims[0]!.delivery.settle({ results: [], parts: [part], publish: [], then: dead })).toBe("complete");
    const failure = resultOf(randomUUID(), "broken");
    expect(await broker.closeChord!(chord.id, { results: [failure], publish: [] })).toBe(true);
    expect(await backend.get(failure.taskId)).toBe(failure.text);
    expect(await claims[0]!.delivery.settle({ results: [], parts: [part], publish: [], then: dead })).toBe("settled");
    expect(await broker.queues.length(`${queue}.dead`)).toBe(1);
    expect(await lengths()).toEqual([0, 0]);
  });

  test("leaves a chord open whose body cannot be routed", async (context) => {
    const { broker, backend, chord, settle, close, lengths, world } = await members(context, 1);
    expect(await settle(0)).toBe("complete");
    const nowhere = { ...publicationTo("", { id: randomUUID() }), route: { exchange: world.queue(), routingKey: "none" } };
    await expect(broker.closeChord!(chord.id, { results: [], publish: [nowhere] })).rejects.toMatchObject({ code: "PUBLISH_UNROUTABLE" });
    expect(await backend.chords!.parts(chord.id)).toHaveLength(1);
    expect(await close(broker)).toBe(true);
    expect(await settle(0)).toBe("settled");
    expect(await lengths()).toEqual([1, 1]);
  });
}

function resultOf(taskId: string, value: unknown): ResultRecord {
  const text = JSON.stringify({ status: "SUCCESS", result: value, task_id: taskId });
  return { taskId, state: "SUCCESS", attempt: 0, text, expiresMs: 60_000, replyTo: null };
}
