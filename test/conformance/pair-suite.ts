/**
 * What a broker and a result backend do together, whichever two they are: tasks sent by an app, run by a worker's executors, and waited for.
 * What each does alone is shown by the suites of brokers and of backends.
 */
import { randomUUID } from "node:crypto";
import { chordOf, groupOf } from "@celeriac/core";
import { resultText, runtimeOf } from "@celeriac/core/runtime";
import { afterAll, beforeAll, expect } from "vitest";
import { beside, inTurn as it } from "../support/beside.ts";
import { publicationTo } from "../support/envelopes.ts";
import { eventually } from "../support/eventually.ts";
import { consume } from "./broker/world.ts";
import type { Pair } from "./pair/table.ts";
import { openPair, type PairWorld } from "./pair/world.ts";

interface Suite {
  readonly pair: Pair;
  world(): PairWorld;
  recovered(): Recovered;
}

/** A task that was left behind by a worker before ours. */
interface Recovered {
  readonly taskId: string;
  /** what follows it */
  readonly key: string;
}

/** Results are there for all to see: of what comes by reply the caller alone knows. */
const isShared = (pair: Pair) => pair.backend !== "rpc" && hasResults(pair);
const hasResults = ({ pairing }: Pair) => pairing.words !== "no results";

export function describePair(pair: Pair): void {
  const { broker, backend, pairing } = pair;
  beside(`${broker} with results in ${backend}, ${pairing.words}`, () => {
    let world: PairWorld;
    let recovered: Recovered | null = null;
    beforeAll(async () => {
      world = await openPair(pair);
      if (isShared(pair)) recovered = await dieAfterSuccess(world);
      await world.start();
    });
    afterAll(() => world?.close());

    const suite = { pair, world: () => world, recovered: () => recovered! };
    it("is settled as the table says", () => {
      expect(world.links.broker.settlesResults).toBe(pairing.words === "one step");
      expect(world.links.backend !== null).toBe(hasResults(pair));
    });
    if (hasResults(pair)) describeResults(suite);
    else describeNoResults(suite);
    describeWork(suite);
    it("has run everything once", () => {
      expect(Object.values(world.board.counts()).every((count) => count === 1)).toBe(true);
    });
  });
}

function describeResults({ pair, world, recovered }: Suite): void {
  it("gives back what a task returned: of any alphabet, nothing at all, a megabyte", async () => {
    const { echo, repeat } = world().producer;
    const values = ['Gr\u00fc\u00dfe \ud83d\ude80 \u65e5\u672c\u8a9e \u0000 \u2028 " \\', { list: [1, null, {}] }, null];
    expect(await Promise.all(values.map((value) => echo.delay(value).get()))).toEqual(values);
    expect((await repeat.delay("\u00fc", 2 ** 19).get()) === "\u00fc".repeat(2 ** 19)).toBe(true);
  });

  it("gives back what a task threw, with type, message and trace", async () => {
    await expect(world().producer.fail.delay("Gr\u00fc\u00dfe").get()).rejects.toMatchObject({
      code: "TASK_FAILED",
      message: expect.stringContaining("Gr\u00fc\u00dfe"),
      remote: { type: "RangeError", args: ["Gr\u00fc\u00dfe"], traceback: expect.stringContaining("RangeError") },
    });
  });

  it("tells whoever waits for the end of a chain that a task before it has failed", async () => {
    const { producer, queue } = world();
    const { broker, backend } = await runtimeOf(producer.app)!.links();
    await backend?.openReplies?.();
    const replyTo = backend?.replyTo ?? null;
    const ids = [randomUUID(), randomUUID(), randomUUID()];
    const chain = ids.slice(1).map((id) => ({ task: "pair.echo", args: [], kwargs: {}, options: { task_id: id, reply_to: replyTo } }));
    const body = new TextEncoder().encode(JSON.stringify([["in the middle"], {}, { chain }]));
    const { envelope, route } = publicationTo(queue, { id: ids[0]!, body, headers: { task: "pair.fail" } });
    await broker.publish({ envelope: { ...envelope, properties: { ...envelope.properties, replyTo } }, route });
    const ends = await Promise.all(ids.map((id) => producer.app.result(id).settled()));
    const error = {
      code: "TASK_FAILED",
      remote: { type: "RangeError", args: ["in the middle"], traceback: expect.stringContaining("RangeError") },
    };
    expect(ends).toMatchObject(ids.map((taskId) => ({ state: "FAILURE", error: { ...error, taskId } })));
  });

  it("shows a retry and its reason, then what came of it", async () => {
    const { producer, board } = world();
    const key = randomUUID();
    const letGo = board.hold(key);
    const sent = await producer.again.delay(board.port, key);
    expect(await board.heard(key)).toBe(1);
    const retry = { state: "RETRY", error: { remote: { type: "TypeError", args: ["not yet"] } } };
    await eventually(async () => expect(await sent.snapshot()).toMatchObject(retry));
    letGo();
    expect(await sent.get()).toBe(1);
  });

  it("names among a task's children what followed it", async () => {
    const { producer, board } = world();
    const key = randomUUID();
    const sent = await producer.echo.applyAsync(["first"], { link: producer.tell.s(board.port, key) });
    expect(await sent.get()).toBe("first");
    const told = await board.heard(key);
    expect(told).toMatchObject({ value: "first", parentId: sent.id, rootId: sent.id });
    expect((await sent.children()).map(({ id }) => id)).toEqual([(told as { readonly id: string }).id]);
  });

  it("stores nothing of a task whose result is ignored", async () => {
    const { producer, board } = world();
    const key = randomUUID();
    const sent = await producer.echo.applyAsync(["ignored"], { ignoreResult: true, link: producer.tell.s(board.port, key) });
    // It is told after the task was settled.
    expect(await board.heard(key)).toMatchObject({ value: "ignored" });
    expect(await sent.snapshot()).toMatchObject({ state: "PENDING" });
  });

  it("tells of a task that came too late, and of one that nobody knows", async () => {
    const { app, echo } = world().producer;
    // Without an `expiration` of its own RabbitMQ might drop it before the worker sees it.
    const late = await echo.applyAsync([1], { expires: new Date(0), expiration: "1m" });
    expect(await late.settled()).toMatchObject({ state: "REVOKED", error: { code: "TASK_REVOKED", reason: "expired" } });
    const unknown = await app.sendTask("pair.nowhere");
    expect(await unknown.settled()).toMatchObject({ state: "FAILURE", error: { remote: { type: "NotRegistered" } } });
  });

  it("forgets", async () => {
    const sent = await world().producer.echo.delay(1);
    expect(await sent.get({ forget: true })).toBe(1);
    expect(await sent.snapshot()).toMatchObject({ state: "PENDING" });
  });

  it("serves many who wait at once, several for one task", async () => {
    const { producer, monitor } = world();
    const sent = await Promise.all(Array.from({ length: 20 }, (_, n) => producer.echo.delay(n)));
    const last = sent.at(-1)!;
    const others = isShared(pair) ? [monitor.result(last.id), producer.app.result(last.id)] : [last];
    const values = await Promise.all([...sent, ...others].map((result) => result.get()));
    expect(values).toEqual([...sent.keys(), ...others.map(() => 19)]);
  });

  it("waits for the members of a group as one, and shows how far they are", async () => {
    const { echo, fail } = world().producer;
    const members = Array.from({ length: 10 }, (_, n) => (n === 7 ? fail.s("one of ten") : echo.s(n)));
    const sent = await groupOf<unknown>(members).delay();
    const [ended, shown]: [number[], unknown[]] = [[], []];
    const iterating = (async () => {
      for await (const { index } of sent.iterate()) ended.push(index);
    })();
    for await (const { progress } of sent.watch()) shown.push(progress?.done);
    await iterating;
    expect(ended.toSorted((one, other) => one - other)).toEqual([...members.keys()]);
    expect([shown.toSorted((one, other) => Number(one) - Number(other)), shown.at(-1)]).toEqual([shown, 10]);
    const ends = await sent.settledAll();
    expect(ends.map((end) => (end.state === "SUCCESS" ? end.value : end.state))).toEqual(members.map((_, n) => (n === 7 ? "FAILURE" : n)));
    await expect(sent.get()).rejects.toMatchObject({ code: "TASK_FAILED", taskId: sent.results[7]!.id });
    expect([await sent.completedCount(), await sent.state()]).toEqual([9, "FAILURE"]);
  });

  it("ends chords, well or not, or refuses what nothing counts", async () => {
    const { echo, fail } = world().producer;
    const [good, bad] = [
      chordOf(
        [1, 2, 3].map((n) => echo.s(n)),
        echo.s(),
      ),
      chordOf([echo.s(1), fail.s("one of two")], echo.s()),
    ];
    if (!isShared(pair)) return await expect(good.delay()).rejects.toMatchObject({ code: "RESULT_CHORDS" });
    const sent = await Promise.all([good.delay(), bad.delay()]);
    const [value, failure] = await Promise.all(sent.map((each) => each.settled()));
    expect(value).toEqual({ state: "SUCCESS", value: [1, 2, 3] });
    const args = [expect.stringMatching(/^Dependency \S+ raised RangeError\('one of two'\)$/)];
    expect(failure).toMatchObject({ state: "FAILURE", error: { code: "TASK_CHORD_FAILED", remote: { args } } });
  });

  // A task does not reach what lies in its worker's memory.
  if (isShared(pair) && ![pair.broker, pair.backend].includes("memory"))
    it("remembers what a step of a task gave, though its executor dies right after, and when it is retried", async () => {
      const { producer, board } = world();
      const key = randomUUID();
      const [first, second] = await producer.steps.delay(board.port, key).get();
      expect(first).toMatchObject({ deliveries: 0, big: 2n ** 70n });
      expect(second).toBe(1);
      expect(board.counts()[key]).toBe(1);
    });

  if (isShared(pair))
    it("settles again, without a second run, a task that comes back although its success is stored", async () => {
      const { taskId, key } = recovered();
      expect(await world().board.heard(key)).toMatchObject({ value: "stored before", parentId: taskId });
      expect(await world().producer.app.result(taskId).get()).toBe("stored before");
    });
}

/** A worker takes a task, stores its success, and dies before anything else. */
async function dieAfterSuccess({ links, producer, board, queue }: PairWorld): Promise<Recovered> {
  const { broker, backend } = links;
  await broker.connect();
  const { consumer, inbox } = await consume(broker, queue);
  const key = randomUUID();
  const { id: taskId } = await producer.echo.applyAsync(["run again"], { link: producer.tell.s(board.port, key) });
  const delivery = await inbox.next();
  const facts = { taskId, state: "SUCCESS", attempt: 0, children: [], nowMs: 0, groupId: null, parentId: null, extended: null };
  const text = resultText(facts, '"stored before"', null);
  await backend!.store({ taskId, state: "SUCCESS", attempt: 0, text, expiresMs: 60_000, replyTo: null });
  // As whoever recovers its claim gives it back.
  await delivery.settle({ results: [], publish: [], then: { kind: "requeue", counted: true } });
  await consumer.close();
  return { taskId, key };
}

function describeNoResults({ world }: Suite): void {
  it("says to who asks that there are no results", async () => {
    const { producer, board } = world();
    const key = randomUUID();
    const sent = await producer.tell.delay("done", board.port, key);
    expect(await board.heard(key)).toMatchObject({ value: "done", id: sent.id });
    for (const asked of [sent.get(), sent.snapshot(), sent.forget()])
      await expect(asked).rejects.toMatchObject({ code: "RESULT_DISABLED" });
  });

  it("retries, and sends what follows, all the same", async () => {
    const { producer, board } = world();
    const [key, following] = [randomUUID(), randomUUID()];
    await producer.again.applyAsync([board.port, key], { link: producer.tell.s(board.port, following) });
    expect(await board.heard(following)).toMatchObject({ value: 1 });
  });
}

function describeWork({ pair, world }: Suite): void {
  // A task does not reach the broker in its worker's memory.
  if (pair.broker !== "memory")
    it("lets tasks send tasks", async () => {
      const { producer, board } = world();
      const key = randomUUID();
      const sent = await producer.send.delay(board.port, key);
      const told = await board.heard(key);
      expect(told).toMatchObject({ value: "sent by a task", parentId: sent.id, rootId: sent.id });
      if (!hasResults(pair)) return;
      expect(await sent.get()).toBe(sent.id);
      expect((await sent.children()).map(({ id }) => id)).toEqual([(told as { readonly id: string }).id]);
    });

  // The memory of one process has no stale claims, and RabbitMQ does not fence them.
  if (pair.broker === "sqlite" || pair.broker.startsWith("redis"))
    it("publishes nothing of what ends after its claim was lost", async () => {
      const { producer, worker, board, queue, dropClaims } = world();
      const [key, following] = [randomUUID(), randomUUID()];
      const letGo = board.hold(key);
      const sent = await producer.tell.applyAsync(["stale", board.port, key], { link: producer.tell.s(board.port, following) });
      await board.heard(key);
      expect(await dropClaims!(queue)).toBe(1);
      letGo();
      await eventually(() => expect(worker.stats().counts["task-lost"]).toBe(1));
      expect(board.counts()[following]).toBeUndefined();
      // What is stored in turn was stored before, as the newest attempt's.
      if (pair.pairing.words === "one step") expect(await sent.snapshot()).toMatchObject({ state: "PENDING" });
      if (pair.pairing.words === "in turn") expect(await sent.get()).toBe("stale");
    });
}
