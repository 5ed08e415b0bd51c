/** Celery's settings of remote control and of events: where either is told, how it is written, and how long it waits on RabbitMQ. */
import { describe, expect, it } from "vitest";
import { mailboxQueue, replyExchange, replyQueue, requestExchange } from "../../../packages/core/src/control/pidbox.ts";
import { createEventDispatcher } from "../../../packages/core/src/events/dispatcher.ts";
import { eventExchange, eventQueue } from "../../../packages/core/src/events/exchange.ts";
import { createLamportClock } from "../../../packages/core/src/lamport-clock.ts";
import { createFakeClock } from "../../support/fake-clock.ts";
import { settingsOf } from "../../support/router.ts";

describe("the settings of remote control", () => {
  it("name its exchanges, and with them its queues", () => {
    const settings = settingsOf({ control_exchange: "shop" });
    expect([requestExchange(settings), replyExchange(settings)]).toEqual([
      { name: "shop.pidbox", type: "fanout", durable: false },
      { name: "reply.shop.pidbox", type: "direct", durable: false },
    ]);
    expect(mailboxQueue(settings, "w1@here").queueName?.("id")).toBe("w1@here.id.shop.pidbox");
    expect(requestExchange(settingsOf({})).name).toBe("celery.pidbox");
  });

  it("say how long its queues live, and what waits in them", () => {
    const settings = settingsOf({ control_queue_ttl: 20, control_queue_expires: null });
    for (const queue of [mailboxQueue(settings, "w1@here"), replyQueue(settings, "oid")])
      expect(queue).toMatchObject({ messageTtlMs: 20_000, expiresMs: null });
    expect(mailboxQueue(settingsOf({}), "w1@here")).toMatchObject({ messageTtlMs: 300_000, expiresMs: 10_000 });
  });
});

describe("the settings of events", () => {
  it("name their exchange, and the queues of those who hear them", () => {
    const settings = settingsOf({ event_exchange: "told", event_queue_prefix: "ear", event_queue_ttl: null, event_queue_expires: 90 });
    expect(eventExchange(settings)).toEqual({ name: "told", type: "topic", durable: true });
    const { queueName, ...times } = eventQueue(settings);
    expect([queueName?.("id"), times]).toEqual(["ear.id", { messageTtlMs: null, expiresMs: 90_000 }]);
    expect(eventQueue(settingsOf({}))).toMatchObject({ messageTtlMs: 5_000, expiresMs: 60_000 });
  });

  it("say how they are written", async () => {
    const sent: string[] = [];
    const broker = {
      connected: true,
      async broadcast(_exchange: unknown, _key: string, { properties }: { properties: { contentType: string } }) {
        sent.push(properties.contentType);
      },
    };
    const dispatcher = createEventDispatcher({
      broker: broker as never,
      clock: createFakeClock(),
      lamport: createLamportClock(),
      settings: settingsOf({ event_serializer: "msgpack" }),
      logger: { debug() {}, info() {}, warn() {}, error() {} },
      hostname: "w1@here",
      groups: true,
    });
    dispatcher.send("task-started", { uuid: "one" });
    await dispatcher.close(1_000);
    expect(sent).toEqual(["application/x-msgpack"]);
  });
});
