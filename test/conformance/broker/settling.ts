/** Broker cases: what a settlement changes, in one step and once. */
import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import type { ResultRecord } from "../../../packages/core/src/backend.ts";
import { systemClock } from "../../../packages/core/src/clock.ts";
import { deathHeader } from "../../../packages/core/src/envelope.ts";
import { idOf, publicationTo } from "../../support/envelopes.ts";
import { eventually } from "../../support/eventually.ts";
import { acknowledge, type BrokerTraits, consume, type OpenCase, settle } from "./world.ts";

export function describeSettling(open: OpenCase, traits: BrokerTraits): void {
  test("removes what was acknowledged", async (context) => {
    const { connect, world } = open(context);
    const [broker, other, queue] = [await connect(), await connect(), world.queue()];
    await broker.publish(publicationTo(queue, { id: "first" }));
    const { consumer, inbox } = await consume(broker, queue);
    expect(await settle(await inbox.next())).toBe("settled");
    await consumer.close();
    await broker.publish(publicationTo(queue, { id: "second" }));
    const next = await (await consume(other, queue)).inbox.next();
    expect(idOf(next.envelope)).toBe("second");
    await settle(next);
  });

  test("requeues uncounted at the head", async (context) => {
    const { connect, world } = open(context);
    const [broker, queue] = [await connect(), world.queue()];
    for (const id of ["one", "two"]) await broker.publish(publicationTo(queue, { id }));
    const { inbox } = await consume(broker, queue, { readAhead: 1 });
    const first = await inbox.next();
    expect(await settle(first, { kind: "requeue", counted: false })).toBe("settled");
    const again = await inbox.next();
    expect(idOf(again.envelope)).toBe("one");
    expect(again.deliveries).toBe(0);
    await settle(again);
    await settle(await inbox.next());
  });

  test("requeues counted: the next delivery says how often it was begun", async (context) => {
    const { connect, world } = open(context);
    const [broker, queue] = [await connect(), world.queue()];
    for (const id of ["one", "two"]) await broker.publish(publicationTo(queue, { id }));
    const { inbox } = await consume(broker, queue, { readAhead: 1 });
    const seen: string[] = [];
    const counts: number[] = [];
    while (seen.length < 4) {
      const delivery = await inbox.next();
      const id = idOf(delivery.envelope);
      seen.push(id);
      if (id === "one") counts.push(delivery.deliveries);
      expect(await delivery.begin()).toBe("settled");
      const again = id === "one" && delivery.deliveries < 2;
      expect(await settle(delivery, again ? { kind: "requeue", counted: true } : acknowledge)).toBe("settled");
    }
    expect(counts).toEqual([0, 1, 2]);
    if (traits.requeuesCountedAtHead) expect(seen).toEqual(["one", "one", "one", "two"]);
    expect([...seen].sort()).toEqual(["one", "one", "one", "two"]);
  });

  test("dead-letters with a reason, into a queue like any other", async (context) => {
    const { connect, world } = open(context);
    const [broker, queue] = [await connect(), world.queue()];
    const sent = publicationTo(queue, { headers: { kept: "yes" } });
    await broker.publish(sent);
    const { inbox } = await consume(broker, queue);
    const before = systemClock.now();
    expect(await settle(await inbox.next(), { kind: "deadLetter", reason: "Poisoned: ran 5 times" })).toBe("settled");
    await eventually(async () => (await broker.queues.length(`${queue}.dead`)) === 1);
    expect(await broker.queues.length(queue)).toBe(0);
    const dead = await consume(broker, `${queue}.dead`);
    const letter = await dead.inbox.next();
    expect(letter.envelope.headers).toMatchObject({ kept: "yes", [deathHeader]: { reason: "Poisoned: ran 5 times", queue } });
    const death = letter.envelope.headers[deathHeader] as { readonly at: number };
    expect(death.at).toBeGreaterThanOrEqual(before - 1_000);
    expect(death.at).toBeLessThanOrEqual(systemClock.now() + 1_000);
    expect(Buffer.from(letter.envelope.body).equals(sent.envelope.body)).toBe(true);
    await settle(letter);
  });

  test("says lost to a second settlement and lets it change nothing", async (context) => {
    const { connect, world } = open(context);
    const [broker, queue, next] = [await connect(), world.queue(), world.queue()];
    await broker.declare(next);
    await broker.publish(publicationTo(queue));
    const { inbox } = await consume(broker, queue);
    const delivery = await inbox.next();
    expect(await settle(delivery)).toBe("settled");
    expect(await settle(delivery, acknowledge, [publicationTo(next)])).toBe("lost");
    expect(await settle(delivery, { kind: "requeue", counted: false })).toBe("lost");
    expect(await settle(delivery, { kind: "deadLetter", reason: "twice" })).toBe("lost");
    expect(await broker.queues.length(next)).toBe(0);
    expect(await broker.queues.length(queue)).toBe(0);
    expect(await broker.queues.length(`${queue}.dead`)).toBe(0);
  });

  test("settles out of order, each delivery for itself", async (context) => {
    const { connect, world } = open(context);
    const [broker, other, queue] = [await connect(), await connect(), world.queue()];
    for (const id of ["a", "b", "c", "d"]) await broker.publish(publicationTo(queue, { id }));
    const { consumer, inbox } = await consume(broker, queue);
    const [a, b, c, d] = await inbox.take(4);
    expect(await settle(d!)).toBe("settled");
    expect(await settle(b!, { kind: "deadLetter", reason: "b" })).toBe("settled");
    expect(await settle(a!)).toBe("settled");
    await consumer.close();
    const rest = await (await consume(other, queue)).inbox.next();
    expect(idOf(rest.envelope)).toBe(idOf(c!.envelope));
    await settle(rest);
    expect(await other.queues.length(queue)).toBe(0);
  });

  if (traits.settlesResults) {
    test("stores all results in the same step, and nothing when the claim is lost", async (context) => {
      const { connect, world } = open(context);
      const { url, openBackend } = world.results!;
      const broker = await connect({ resultUrl: url });
      expect(broker.settlesResults).toBe(true);
      const backend = openBackend();
      await backend.connect();
      try {
        const queue = world.queue();
        const sent = publicationTo(queue);
        await broker.publish(sent);
        const taskId = idOf(sent.envelope);
        const { inbox } = await consume(broker, queue);
        const delivery = await inbox.next();
        const ids = [taskId, randomUUID(), randomUUID()];
        const result = (id: string, state: string, attempt: number): ResultRecord => ({
          taskId: id,
          state,
          attempt,
          text: JSON.stringify({ status: state, result: null, retries: attempt, task_id: id }),
          expiresMs: 60_000,
          replyTo: null,
        });
        // Two of them as of steps that will not run: any run of their own counts for more.
        const all = (state: string) => ids.map((id) => result(id, state, id === taskId ? 0 : -1));
        const stored = () => Promise.all(ids.map((id) => backend.get(id)));
        const texts = all("FAILURE").map(({ text }) => text);
        expect(await stored()).toEqual([null, null, null]);
        expect(await delivery.settle({ results: all("FAILURE"), publish: [], then: acknowledge })).toBe("settled");
        expect(await stored()).toEqual(texts);
        expect(await delivery.settle({ results: all("SUCCESS"), publish: [], then: acknowledge })).toBe("lost");
        expect(await stored()).toEqual(texts);
        expect(await backend.store(result(ids[1]!, "REVOKED", -1))).toBe("superseded");
        expect(await backend.store(result(ids[1]!, "STARTED", 0))).toBe("stored");
      } finally {
        await backend.close();
      }
    });
  }
}
