import { describe, expect, it } from "vitest";
import { boundMembers, boundQueues, topicPattern } from "../../../../packages/core/src/brokers/redis/bindings.ts";
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

  it("escapes what kombu escapes", () => {
    expect(topicPattern("a-b_c.*.ü1#")).toBe("^a\\-b\\_c\\..*?[^\\.]\\.ü1#$");
  });

  it("is looked up by key, or by the pattern of a topic", () => {
    const members = [`a${sep}${sep}one`, `a${sep}${sep}two`, `b${sep}${sep}three`, `x.*${sep}^x\\..*?[^\\.]$${sep}topic`, "junk"];
    expect(boundQueues(members, "a")).toEqual(["one", "two"]);
    expect(boundQueues(members, "x.y")).toEqual(["topic"]);
    expect(boundQueues(members, "c")).toEqual([]);
  });

  it("gives a queue once, and is passed over when its pattern is none", () => {
    const members = [`a.#${sep}^a\\..*?$${sep}q`, `#${sep}^.*?$${sep}q`, `x${sep}(${sep}broken`];
    expect(boundQueues(members, "a.b")).toEqual(["q"]);
  });
});
