/** How long the producer tries, what it repeats, and what it tells when it gives up. */
import { BrokerError, PublishError } from "@celeriac/core";
import { describe, expect, it } from "vitest";
import type { Broker, Passage, Publication } from "../../../packages/core/src/broker.ts";
import { createProducer, type PublishRules } from "../../../packages/core/src/producer.ts";
import { publishRetry } from "../../../packages/core/src/publish-retry.ts";
import { createFakeClock, quiet } from "../../support/fake-clock.ts";

type Answer = "confirm" | "silence" | "hold" | "write" | "writeRefused" | Error;

/** A broker that answers one publish after another as told, the last answer again and again. */
function world(...answers: readonly Answer[]) {
  const clock = createFakeClock();
  let sent = 0;
  let written = 0;
  const broker = {
    connected: true,
    async connect() {},
    publish(_: Publication, passage?: Passage) {
      const answer = answers[Math.min(sent++, answers.length - 1)];
      if (answer === "write") return passage!.depart!().then(() => void written++);
      if (answer === "writeRefused") return passage!.depart!().then(() => Promise.reject(refused));
      if (answer === "hold") passage!.withdraw = () => "the broker is full";
      if (answer === "silence" || answer === "hold") return new Promise<void>(() => {});
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve();
    },
  } as Partial<Broker> as Broker;
  const producer = createProducer(broker, clock);
  const publish = (rules: Partial<PublishRules> = {}) => {
    const end: { state: "pending" | "sent" | PublishError } = { state: "pending" };
    producer.publish({} as Publication, { timeoutMs: 10_000, retry: publishRetry({}), ...rules }).then(
      () => {
        end.state = "sent";
      },
      (error: PublishError) => {
        end.state = error;
      },
    );
    return end;
  };
  return { clock, publish, sent: () => sent, written: () => written };
}

const refused = new PublishError("PUBLISH_REJECTED", "the disk is full", { retryable: true });

describe("a publish", () => {
  it("is repeated while the broker surely does not have it, ever less often", async () => {
    const { clock, publish, sent } = world(refused, refused, refused, "confirm");
    const end = publish();
    await clock.advance(0);
    expect(sent()).toBe(2);
    await clock.advance(200);
    expect(sent()).toBe(3);
    await clock.advance(400);
    expect([sent(), end.state]).toEqual([4, "sent"]);
    expect(clock.pending).toBe(0);
  });

  it("is repeated as often and after such waits as its policy says", async () => {
    const { clock, publish, sent } = world(refused);
    const retry = publishRetry({ maxRetries: 3, intervalStart: "1s", intervalStep: 1, intervalMax: "1500ms" });
    const end = publish({ retry });
    const counts: number[] = [];
    for (const ms of [0, 999, 1, 1_500, 1_499, 1]) {
      await clock.advance(ms);
      counts.push(sent());
    }
    expect(counts).toEqual([1, 1, 2, 3, 3, 4]);
    expect(end.state).toMatchObject({ code: "PUBLISH_REJECTED" });
    expect(clock.pending).toBe(0);
  });

  it("that is refused to the end says why", async () => {
    const { clock, publish, sent } = world(refused);
    const end = publish({ timeoutMs: 500 });
    await clock.advance(500);
    expect(end.state).toMatchObject({
      code: "PUBLISH_REJECTED",
      retryable: true,
      message: "The broker does not have the task: no confirmation within 500 ms; the disk is full",
      cause: refused,
    });
    const tries = sent();
    await clock.advance(60_000);
    expect(sent()).toBe(tries);
    expect(clock.pending).toBe(0);
  });

  it("that nobody answers may have arrived, and is never repeated", async () => {
    const { clock, publish, sent } = world("silence", "confirm");
    const end = publish({ timeoutMs: 500 });
    await clock.advance(60_000);
    expect(end.state).toMatchObject({ code: "PUBLISH_UNCERTAIN", retryable: false });
    expect(sent()).toBe(1);
  });

  it.each([
    ["it may be there", new PublishError("PUBLISH_UNCERTAIN", "cut off", { retryable: false }), {}, "PUBLISH_UNCERTAIN"],
    ["no queue takes it", new PublishError("PUBLISH_UNROUTABLE", "no queue", { retryable: false }), {}, "PUBLISH_UNROUTABLE"],
    ["the password is wrong", new BrokerError("BROKER_AUTH", "wrong password"), {}, "PUBLISH_REJECTED"],
    ["the caller wants no retries", refused, { retry: null }, "PUBLISH_REJECTED"],
  ])("is rejected at once when %s", async (_, answer, rules, code) => {
    const { clock, publish, sent } = world(answer);
    const end = publish(rules);
    await quiet();
    expect(end.state).toMatchObject({ code });
    expect([sent(), clock.pending]).toEqual([1, 0]);
  });

  it("keeps its own deadline beside one that is later", async () => {
    const { clock, publish } = world("silence");
    const patient = publish({ timeoutMs: 10_000 });
    const hasty = publish({ timeoutMs: 500 });
    await clock.advance(500);
    expect([patient.state, hasty.state]).toEqual(["pending", expect.any(PublishError)]);
    await clock.advance(9_500);
    expect(patient.state).toBeInstanceOf(PublishError);
    expect(clock.pending).toBe(0);
  });

  it("ends when the caller aborts it, and leaves no listener", async () => {
    const { publish, clock } = world("silence");
    const caller = new AbortController();
    const end = publish({ abort: caller.signal });
    await quiet();
    caller.abort();
    await quiet();
    expect(end.state).toMatchObject({ code: "PUBLISH_UNCERTAIN" });
    expect(publish({ abort: caller.signal }).state).toBe("pending");
    expect(clock.pending).toBe(0);
  });

  it("that the driver holds back is taken back, and surely not in the broker", async () => {
    const { clock, publish } = world("hold");
    const end = publish({ timeoutMs: 500 });
    await clock.advance(500);
    expect(end.state).toMatchObject({ code: "PUBLISH_REJECTED", message: expect.stringContaining("the broker is full") });
  });

  it("that was given up before it might depart never leaves, and is surely not in the broker", async () => {
    const { clock, publish, written } = world("write");
    let go = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const end = publish({ timeoutMs: 500, depart: () => gate });
    await clock.advance(500);
    expect(end.state).toMatchObject({ code: "PUBLISH_REJECTED", message: expect.stringContaining("no confirmation within 500 ms") });
    go();
    await quiet();
    expect(written()).toBe(0);
  });

  it("that may not depart is not repeated, and ends as it was told", async () => {
    const { clock, publish, sent, written } = world("write");
    const end = publish({ depart: () => Promise.reject(refused) });
    await quiet();
    expect([end.state, sent(), written(), clock.pending]).toEqual([refused, 1, 0, 0]);
  });

  it("asks once more whether it may depart when it is repeated", async () => {
    const { clock, publish, written } = world("writeRefused", "write");
    const asked: number[] = [];
    const end = publish({ depart: async () => void asked.push(clock.now()) });
    await clock.advance(200);
    expect([end.state, written(), asked.length]).toEqual(["sent", 1, 2]);
  });
});
