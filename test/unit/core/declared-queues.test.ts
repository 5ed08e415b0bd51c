import { describe, expect, it } from "vitest";
import { createCall } from "../../../packages/core/src/call.ts";
import type { Config } from "../../../packages/core/src/config.ts";
import { ConsumedQueues } from "../../../packages/core/src/consumed-queues.ts";
import { deadLetterQueue } from "../../../packages/core/src/envelope.ts";
import { broadcastOf } from "../../../packages/core/src/queue-table.ts";
import { queuesOf, routerOf } from "../../support/router.ts";

const code = (config: unknown) => {
  try {
    queuesOf(config as Config);
  } catch (error) {
    return [(error as { code: string }).code, (error as Error).message] as const;
  }
  return null;
};

describe("the queues of an app", () => {
  it("are the default queue, where nothing is declared, and any other name", () => {
    const queues = queuesOf({ taskDefaultQueue: "jobs" });
    for (const taskQueues of [null, [], {}]) expect(queuesOf({ taskDefaultQueue: "jobs", taskQueues }).names).toEqual(["jobs"]);
    for (const name of ["jobs", "other"])
      expect(queues.require(name)).toEqual({
        name,
        bindings: [{ exchange: name, exchangeType: "direct", routingKey: name, arguments: {} }],
        arguments: {},
        kind: "undeclared",
      });
  });

  it("may be written as names, as objects and by name, in Celery's spelling and ours", () => {
    const written = { media: { exchange: "m", exchange_type: "topic", binding_key: "media.#", queue_arguments: { "x-message-ttl": 5 } } };
    const listed = [
      "plain",
      { name: "media", exchange: "m", exchangeType: "topic", routingKey: "media.#", arguments: { "x-message-ttl": 5 } },
    ];
    const byName = queuesOf({ taskQueues: written } as Config);
    const byList = queuesOf({ taskQueues: listed } as Config);
    expect(byName.names).toEqual(["media"]);
    expect(byList.names).toEqual(["plain", "media"]);
    expect(byName.declaration("media")).toEqual(byList.declaration("media"));
    expect(byList.declaration("media")).toMatchObject({
      bindings: [{ exchange: "m", exchangeType: "topic", routingKey: "media.#" }],
      arguments: { "x-message-ttl": 5 },
      kind: "declared",
    });
    expect(byList.exchangeType("m")).toBe("topic");
    expect(byList.boundTo("m").map(({ name }) => name)).toEqual(["media"]);
  });

  it("take what they do not say from the defaults, and x-max-priority from its setting", () => {
    const queues = queuesOf({
      taskQueues: ["a", { name: "b", arguments: { "x-max-priority": 3 } }],
      taskDefaultExchange: "tasks",
      taskDefaultExchangeType: "topic",
      taskQueueMaxPriority: 9,
    });
    expect(queues.declaration("a").bindings).toEqual([{ exchange: "tasks", exchangeType: "topic", routingKey: "a", arguments: {} }]);
    expect(["a", "b", "made up"].map((name) => queues.declaration(name).arguments["x-max-priority"])).toEqual([9, 3, 9]);
  });

  it("that nobody declared stand beside an exchange of the type that is asked for, and are sent to straight", () => {
    const settings = { taskCreateMissingQueueExchangeType: "topic" } as const;
    expect(queuesOf(settings).declaration("other")).toMatchObject({
      bindings: [{ exchange: "other", exchangeType: "topic", routingKey: "other" }],
      kind: "undeclared",
    });
    const { route } = routerOf(settings)(createCall("t", [], { queue: "other" }), undefined);
    expect(route).toEqual({ exchange: "", routingKey: "other" });
    const asInCelery = { task_create_missing_queue_exchange_type: null } as unknown as Config;
    expect(queuesOf(asInCelery).declaration("other").bindings[0].exchangeType).toBe("direct");
  });

  it("of type quorum have a delivery limit above ours, dead letters, and no priorities", () => {
    const limit = { "x-queue-type": "quorum", "x-delivery-limit": 100 };
    const whole = (name: string) => ({ ...limit, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": `${name}.dead` });
    const defaults = queuesOf({ taskDefaultQueueType: "quorum", taskQueueMaxPriority: 9 });
    expect(["celery", "other"].map((name) => defaults.declaration(name).arguments)).toEqual([whole("celery"), { "x-max-priority": 9 }]);
    expect(defaults.declaration("celery").kind).toBe("declared");
    const all = queuesOf({ taskDefaultQueueType: "quorum", taskCreateMissingQueueType: "quorum" });
    expect(["celery", "other", "other.dead"].map((name) => all.declaration(name).arguments)).toEqual([
      whole("celery"),
      whole("other"),
      limit,
    ]);
    const own = { "x-queue-type": "quorum", "x-delivery-limit": null, "x-dead-letter-exchange": null, "x-dead-letter-routing-key": null };
    expect(queuesOf({ taskQueues: [{ name: "as Python does", arguments: own }] }).declaration("as Python does").arguments).toEqual({
      "x-queue-type": "quorum",
    });
  });

  it("give the default queue its exchange and key, where nothing is declared", () => {
    const queues = queuesOf({ taskDefaultExchange: "tasks", taskDefaultExchangeType: "topic", taskDefaultRoutingKey: "task.default" });
    expect(queues.declaration("celery")).toMatchObject({
      bindings: [{ exchange: "tasks", exchangeType: "topic", routingKey: "task.default" }],
      kind: "declared",
    });
  });

  it("may be a broadcast, of which each consumer has a copy", () => {
    const queues = queuesOf({ taskQueues: ["mail", { name: "reload", broadcast: true }] });
    const binding = { exchange: "reload", exchangeType: "fanout", routingKey: "celery", arguments: {} };
    expect(queues.declaration("reload")).toMatchObject({ bindings: [binding], kind: "broadcast" });
    const [mail, first] = new ConsumedQueues(["mail", "reload"], queues).queues;
    const [, second] = new ConsumedQueues(["mail", "reload"], queues).queues;
    expect([mail, broadcastOf(first!), first === second]).toEqual(["mail", "reload", false]);
    expect(queues.declaration(first!)).toMatchObject({
      name: first,
      bindings: [binding],
      arguments: { "x-expires": 300_000 },
      kind: "copy",
    });
    expect(deadLetterQueue(first!)).toBe("reload.dead");
    // As nobody declared it, it is a queue like any other.
    expect(queuesOf({}).declaration(first!).kind).toBe("undeclared");
  });

  it("are all there are, when missing ones are not to be made", () => {
    const queues = queuesOf({ taskQueues: ["celery", "mail"], taskCreateMissingQueues: false });
    expect(queues.require("mail").name).toBe("mail");
    expect(() => queues.require("mial")).toThrow(
      expect.objectContaining({ code: "CONFIG_QUEUE", message: expect.stringContaining('"mail"') }),
    );
    expect(queues.declaration("mail.dead").kind).toBe("undeclared");
  });

  it.each([
    [{ taskQueues: "mail" }, "CONFIG_INVALID", "taskQueues"],
    [{ taskQueues: [7] }, "CONFIG_INVALID", "a name or an object"],
    [{ taskQueues: [{ exchange: "x" }] }, "CONFIG_INVALID", "no name"],
    [{ taskQueues: ["a", { name: "a" }] }, "CONFIG_INVALID", "twice"],
    [{ taskQueues: [{ name: "a", exchangeType: "topical" }] }, "CONFIG_INVALID", "direct, topic, fanout, headers"],
    [{ taskQueues: [{ name: "a", echange: "x" }] }, "CONFIG_UNKNOWN", '"exchange"'],
    [{ taskQueues: [{ name: "a", broadcast: true, exchangeType: "topic" }] }, "CONFIG_INVALID", "fanout"],
    [{ taskQueues: [{ name: "a", broadcast: "yes" }] }, "CONFIG_INVALID", "broadcast"],
    [{ taskQueues: [{ name: "a", bindings: [] }] }, "CONFIG_INVALID", "bindings"],
    [{ taskQueues: [{ name: "a", bindings: [{ exchange: "x", key: "y" }] }] }, "CONFIG_UNKNOWN", '"key"'],
    [{ taskQueues: [{ name: "a", routingKey: "k", bindings: [{ exchange: "x" }] }] }, "CONFIG_INVALID", "beside bindings"],
    [
      {
        taskQueues: [
          { name: "a", exchange: "x" },
          { name: "b", exchange: "x", exchangeType: "topic" },
        ],
      },
      "CONFIG_INVALID",
      "two types: direct and topic",
    ],
  ])("refuses %j", (config, expected, text) => {
    expect(code(config)).toEqual([expected, expect.stringContaining(text)]);
  });
});
