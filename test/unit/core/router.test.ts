import { describe, expect, it } from "vitest";
import { type CallOptions, createCall } from "../../../packages/core/src/call.ts";
import type { Config } from "../../../packages/core/src/config.ts";
import type { TaskDefinition } from "../../../packages/core/src/registry.ts";
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

const definition = (name: string, options: TaskDefinition["options"]): TaskDefinition => ({
  name,
  options,
  input: null,
  code: { kind: "declared" },
  module: null,
});

/** Where a call of a task goes; with `options` of the task, if it is known. */
function routeBy(settings: Config) {
  const router = routerOf(settings);
  return (name: string, call: CallOptions = {}, options?: TaskDefinition["options"]) =>
    router(createCall(name, [], call), options === undefined ? undefined : definition(name, options)).route;
}

describe("a call goes", () => {
  const route = routeBy(config);

  it("to its own queue, else its task's, else that of the routes, else the default queue", () => {
    expect(route("t")).toEqual({ exchange: "", routingKey: "celery" });
    expect(route("shop.mail")).toEqual({ exchange: "", routingKey: "mail" });
    expect(route("shop.mail", {}, { queue: "images" })).toEqual({ exchange: "", routingKey: "images" });
    expect(route("shop.mail", { queue: "other" }, { queue: "images" })).toEqual({ exchange: "", routingKey: "other" });
  });

  it("through the exchange of a queue that is not bound to a direct one", () => {
    expect(route("shop.sell")).toEqual({ exchange: "shop", routingKey: "orders.#" });
    expect(route("shop.sell", { routingKey: "orders.eu" })).toEqual({ exchange: "shop", routingKey: "orders.eu" });
    expect(route("t", { queue: "news" })).toEqual({ exchange: "news", routingKey: "news" });
  });

  it("through an exchange and by a key of its own", () => {
    expect(route("t", { exchange: "media", routingKey: "media.video" })).toEqual({ exchange: "media", routingKey: "media.video" });
    expect(route("t", { exchange: "news" })).toEqual({ exchange: "news", routingKey: "celery" });
    expect(route("t", { exchange: "elsewhere", routingKey: "k" })).toEqual({ exchange: "elsewhere", routingKey: "k" });
  });

  it("straight into its queue, as in Celery, when it names half of a direct way", () => {
    expect(route("t", { queue: "images", exchange: "media" })).toEqual({ exchange: "", routingKey: "images" });
    expect(route("t", { queue: "images", routingKey: "media.video" })).toEqual({ exchange: "", routingKey: "images" });
  });

  it("nowhere, when its queue is missing and may not be made", () => {
    const strict = { ...config, taskCreateMissingQueues: false, taskRoutes: {} };
    expect(() => routeBy(strict)("t", { queue: "mail" })).toThrow(expect.objectContaining({ code: "CONFIG_QUEUE" }));
    expect(routeBy(strict)("t")).toEqual({ exchange: "", routingKey: "celery" });
    // A route that leads nowhere is known before anything is sent.
    expect(() => routeBy({ ...strict, taskRoutes: { "shop.*": "mial" } })).toThrow(expect.objectContaining({ code: "CONFIG_QUEUE" }));
  });
});

describe("a route", () => {
  it("says what call and task leave open, member by member", () => {
    const router = routerOf({
      ...config,
      taskRoutes: { t: { queue: "orders", routingKey: "orders.eu", priority: 4, serializer: "yaml" } },
    });
    const { route, sent } = router(createCall("t", [], {}), undefined);
    expect(route).toEqual({ exchange: "shop", routingKey: "orders.eu" });
    expect(sent).toMatchObject({ priority: 4, serializer: "yaml" });
    const keyed = router(createCall("t", [], { routingKey: "orders.us" }), undefined);
    expect(keyed.route).toEqual({ exchange: "shop", routingKey: "orders.us" });
  });

  it("may be a function of the call, which sees the task's options under the call's", () => {
    const seen: unknown[] = [];
    const router = routerOf({
      taskRoutes: (name, args, kwargs, options, task) => {
        seen.push([name, args, kwargs, options, task?.name]);
        return args[0] === "vip" ? { queue: "fast", priority: 9 } : null;
      },
    });
    const call = createCall("t", ["vip"], { kwargs: { a: 1 }, priority: 2 });
    expect(router(call, definition("t", { priority: 1, expires: 60 }))).toMatchObject({
      route: { routingKey: "fast" },
      sent: { priority: 9 },
    });
    expect(router(createCall("t", ["other"], {}), undefined).route).toEqual({ exchange: "", routingKey: "celery" });
    expect(seen).toEqual([
      ["t", ["vip"], { a: 1 }, { priority: 2, expires: 60 }, "t"],
      ["t", ["other"], {}, {}, undefined],
    ]);
  });
});
