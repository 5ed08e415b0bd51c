import { describe, expect, it } from "vitest";
import type { Config } from "../../../packages/core/src/config.ts";
import { routerOf } from "../../support/router.ts";

const config: Config = {
  taskQueues: [
    "celery",
    { name: "images", exchange: "media", routingKey: "media.image" },
    { name: "orders", exchange: "shop", exchangeType: "topic", routingKey: "orders.#" },
    { name: "news", exchange: "news", exchangeType: "fanout" },
  ],
  taskRoutes: { "shop.*": { queue: "orders" }, "shop.mail": { queue: "mail" } },
};

describe("a call goes", () => {
  const route = routerOf(config);

  it("to its own queue, else its task's, else that of the routes, else the default queue", () => {
    expect(route("t", {}, undefined)).toEqual({ exchange: "", routingKey: "celery" });
    expect(route("shop.mail", {}, undefined)).toEqual({ exchange: "", routingKey: "mail" });
    expect(route("shop.mail", {}, { queue: "images" })).toEqual({ exchange: "", routingKey: "images" });
    expect(route("shop.mail", { queue: "other" }, { queue: "images" })).toEqual({ exchange: "", routingKey: "other" });
  });

  it("through the exchange of a queue that is not bound to a direct one", () => {
    expect(route("shop.sell", {}, undefined)).toEqual({ exchange: "shop", routingKey: "orders.#" });
    expect(route("shop.sell", { routingKey: "orders.eu" }, undefined)).toEqual({ exchange: "shop", routingKey: "orders.eu" });
    expect(route("t", { queue: "news" }, undefined)).toEqual({ exchange: "news", routingKey: "news" });
  });

  it("through an exchange and by a key of its own", () => {
    expect(route("t", { exchange: "media", routingKey: "media.video" }, undefined)).toEqual({
      exchange: "media",
      routingKey: "media.video",
    });
    expect(route("t", { exchange: "news" }, undefined)).toEqual({ exchange: "news", routingKey: "celery" });
    expect(route("t", { exchange: "elsewhere", routingKey: "k" }, undefined)).toEqual({ exchange: "elsewhere", routingKey: "k" });
  });

  it("straight into its queue, as in Celery, when it names half of a direct way", () => {
    expect(route("t", { queue: "images", exchange: "media" }, undefined)).toEqual({ exchange: "", routingKey: "images" });
    expect(route("t", { queue: "images", routingKey: "media.video" }, undefined)).toEqual({ exchange: "", routingKey: "images" });
  });

  it("nowhere, when its queue is missing and may not be made", () => {
    const strict = routerOf({ ...config, taskCreateMissingQueues: false });
    expect(() => strict("shop.mail", {}, undefined)).toThrow(expect.objectContaining({ code: "CONFIG_QUEUE" }));
    expect(strict("t", {}, undefined)).toEqual({ exchange: "", routingKey: "celery" });
  });
});
