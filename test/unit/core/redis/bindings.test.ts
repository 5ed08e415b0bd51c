import { describe, expect, it } from "vitest";
import { boundMembers, boundQueues } from "../../../../packages/core/src/brokers/redis/bindings.ts";
import { silentLogger } from "../../../../packages/core/src/logger.ts";
import { queuesOf } from "../../../support/router.ts";

const sep = "\u0006\u0016";
const membersOf = (config: Parameters<typeof queuesOf>[0], queue: string) =>
  boundMembers(queuesOf(config).declaration(queue)).map(({ key, member }) => [key, member]);

describe("a binding", () => {
  it("is written as kombu declares a queue", () => {
    const taskQueues = [
      { name: "images", exchange: "media", routingKey: "media.image" },
      { name: "topic_a", exchange: "tasks_topic", exchangeType: "topic", routingKey: "orders.#" },
      { name: "topic_b", exchange: "tasks_topic", exchangeType: "topic", routingKey: "*.created" },
      { name: "news", exchange: "news", exchangeType: "fanout", routingKey: "" },
    ] as const;
    expect(membersOf({}, "celery")).toEqual([["_kombu.binding.celery", `celery${sep}${sep}celery`]]);
    expect(membersOf({ taskQueues }, "images")).toEqual([["_kombu.binding.media", `media.image${sep}${sep}images`]]);
    expect(membersOf({ taskQueues }, "topic_a")).toEqual([["_kombu.binding.tasks_topic", `orders.#${sep}^orders\\..*?$${sep}topic_a`]]);
    expect(membersOf({ taskQueues }, "topic_b")).toEqual([
      ["_kombu.binding.tasks_topic", `*.created${sep}^.*?[^\\.]\\.created$${sep}topic_b`],
    ]);
    expect(membersOf({ taskQueues }, "news")).toEqual([["_kombu.binding.news", `${sep}${sep}news`]]);
  });

  it("is looked up by key, or by the pattern of a topic", () => {
    const members = [`a${sep}${sep}one`, `a${sep}${sep}two`, `b${sep}${sep}three`, `x.*${sep}^x\\..*?[^\\.]$${sep}topic`, "junk"];
    expect(boundQueues(members, "a", silentLogger)).toEqual(["one", "two"]);
    expect(boundQueues(members, "x.y", silentLogger)).toEqual(["topic"]);
    expect(boundQueues(members, "c", silentLogger)).toEqual([]);
  });

  it("gives a queue once, and is passed over with one warning when its pattern is none of kombu's", () => {
    const warned: unknown[] = [];
    const logger = { ...silentLogger, warn: (_message: string, fields?: object) => warned.push(fields) };
    const bomb = "^((a|aa)+)+$";
    const members = [`a.#${sep}^a\\..*?$${sep}q`, `#${sep}^.*?$${sep}q`, `x${sep}(${sep}broken`, `y${sep}${bomb}${sep}hostile`];
    for (const key of ["a.b", "a".repeat(1_000)]) expect(boundQueues(members, key, logger)).toEqual(["q"]);
    expect(warned).toEqual([{ pattern: "(" }, { pattern: bomb }]);
  });
});
