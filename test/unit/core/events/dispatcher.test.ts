/** Events on their way out: as Celery writes them, held up by nothing, and lost only when too many wait. */
import type { Broker } from "@celeriac/core/runtime";
import { describe, expect, it } from "vitest";
import { PublishError } from "../../../../packages/core/src/errors.ts";
import { createEventDispatcher, type DispatcherOptions } from "../../../../packages/core/src/events/dispatcher.ts";
import { createLamportClock } from "../../../../packages/core/src/lamport-clock.ts";
import { eventually } from "../../../support/eventually.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";

interface Sent {
  readonly routingKey: string;
  readonly body: unknown;
}

const away = () => new PublishError("PUBLISH_REJECTED", "not connected", { retryable: true });

function start(options: Partial<DispatcherOptions> = {}) {
  const clock = createFakeClock(Date.UTC(2026, 0, 2));
  const lamport = createLamportClock();
  const sent: Sent[] = [];
  const lines: string[] = [];
  const trouble: { error: Error | null } = { error: null };
  const broker = {
    connected: true,
    async broadcast(exchange, routingKey, { headers, properties, body }) {
      if (trouble.error !== null) throw trouble.error;
      expect([exchange, headers, properties.deliveryMode, properties.contentType]).toEqual([
        { name: "celeryev", type: "topic", durable: true },
        { hostname: "w1@host" },
        1,
        "application/json",
      ]);
      sent.push({ routingKey, body: JSON.parse(Buffer.from(body).toString()) });
    },
  } as Partial<Broker> as Broker;
  const line = (message: string) => void lines.push(message);
  const dispatcher = createEventDispatcher({
    broker,
    clock,
    lamport,
    settings: { eventExchange: "celeryev", eventSerializer: "json" },
    logger: { debug: line, info: line, warn: line, error: line },
    hostname: "w1@host",
    groups: true,
    ...options,
  });
  const started = (uuid: string) => dispatcher.send("task-started", { uuid });
  return { dispatcher, started, clock, lamport, sent, lines, trouble };
}

const load = { freq: 2, active: 0, processed: 0, loadavg: [0, 0, 0], sw_ident: "celeriac", sw_ver: "1", sw_sys: "Linux" };
const uuids = (sent: readonly Sent[]) => sent.flatMap(({ body }) => (body as { uuid: string }[]).map(({ uuid }) => uuid));

describe("a worker's events", () => {
  it("of tasks travel as a list, even one alone, others each for itself, in order", async () => {
    const { dispatcher, started, sent, lamport } = start();
    dispatcher.send("worker-online", load);
    started("a");
    started("b");
    dispatcher.send("worker-heartbeat", load);
    started("c");
    await eventually(() => sent.length >= 4);
    expect(sent.map(({ routingKey }) => routingKey)).toEqual(["worker.online", "task.multi", "worker.heartbeat", "task.multi"]);
    const facts = { hostname: "w1@host", utcoffset: expect.any(Number), pid: process.pid, timestamp: Date.UTC(2026, 0, 2) / 1_000 };
    expect(sent[0]!.body).toEqual({ ...facts, ...load, clock: 1, type: "worker-online" });
    expect(sent[1]!.body).toEqual([
      { ...facts, uuid: "a", clock: 2, type: "task-started" },
      { ...facts, uuid: "b", clock: 3, type: "task-started" },
    ]);
    expect(lamport.value).toBe(5);
  });

  it("wait while the broker is away, are tried again once a second, and come in order", async () => {
    const { dispatcher, started, sent, clock, trouble } = start();
    trouble.error = away();
    started("a");
    await eventually(() => dispatcher.isAway);
    started("b");
    trouble.error = null;
    await clock.advance(1_000);
    await eventually(() => sent.length > 0);
    expect([uuids(sent), dispatcher.isAway, dispatcher.dropped]).toEqual([["a", "b"], false, 0]);
  });

  it("are dropped, the oldest first, when more than 10,000 wait; that is counted and told once", async () => {
    const { dispatcher, started, sent, clock, trouble, lines } = start();
    trouble.error = away();
    for (let n = 0; n < 10_020; n++) started(String(n));
    await eventually(() => dispatcher.isAway);
    started("last");
    expect(dispatcher.dropped).toBe(21);
    trouble.error = null;
    await clock.advance(1_000);
    await eventually(() => uuids(sent).length === 10_000);
    expect([uuids(sent)[0], uuids(sent).at(-1)]).toEqual(["21", "last"]);
    expect(lines).toEqual(["events are dropped: the broker does not take them", "events are sent again"]);
  });

  it("that may have been sent, or cannot be, are not sent again", async () => {
    const { dispatcher, started, sent, trouble, lines } = start();
    trouble.error = new PublishError("PUBLISH_UNCERTAIN", "the connection broke");
    started("a");
    await eventually(() => dispatcher.dropped === 1);
    trouble.error = new TypeError("cannot be written");
    started("odd");
    await eventually(() => dispatcher.dropped === 2);
    trouble.error = null;
    started("b");
    await eventually(() => sent.length > 0);
    expect(uuids(sent)).toEqual(["b"]);
    await eventually(() => lines.length > 1);
    expect(lines).toEqual(["events are dropped: the broker does not take them", "events are sent again"]);
  });

  it("are sent before the end, for which a broker that is away is not waited", async () => {
    const { dispatcher, started, sent } = start();
    started("a");
    await dispatcher.close(1_000);
    started("too late");
    expect(uuids(sent)).toEqual(["a"]);
    const other = start();
    other.trouble.error = away();
    other.started("b");
    await other.dispatcher.close(1_000);
    expect([other.dispatcher.dropped, other.clock.pending]).toEqual([1, 0]);
  });

  it("of a producer travel each for itself", async () => {
    const { started, sent } = start({ groups: false });
    started("a");
    started("b");
    await eventually(() => sent.length >= 2);
    expect(sent).toMatchObject([
      { routingKey: "task.started", body: { uuid: "a" } },
      { routingKey: "task.started", body: { uuid: "b" } },
    ]);
  });
});

describe("the Lamport clock", () => {
  it("is ahead of all it heard of", () => {
    const clock = createLamportClock();
    expect([clock.forward(), clock.forward()]).toEqual([1, 2]);
    clock.adjust(10);
    expect(clock.value).toBe(11);
    clock.adjust(3);
    expect(clock.forward()).toBe(13);
    clock.adjust(Number.NaN);
    expect(clock.value).toBe(13);
  });
});
