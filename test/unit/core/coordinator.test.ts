/** Which server coordinates, and what an option is told that needs one where there is none. */
import { createApp } from "@celeriac/core";
import { runtimeOf } from "@celeriac/core/runtime";
import { describe, expect, it } from "vitest";
import { settingTable } from "../../../packages/core/src/config.ts";
import { requireCoordinator } from "../../../packages/core/src/open.ts";
import { resolveSettings } from "../../../packages/core/src/setting.ts";

const coordinatorOf = (config: Readonly<Record<string, unknown>>) =>
  requireCoordinator(resolveSettings(settingTable, config), "unique").url;

describe("the coordinator of an app", () => {
  it.each([
    [{ brokerUrl: "redis://a" }, "redis://a"],
    [{ brokerUrl: "sqlite://./a.db", resultBackend: "redis://b" }, "sqlite://./a.db"],
    [{ brokerUrl: "memory://" }, "memory://"],
    [{ brokerUrl: "amqp://a", resultBackend: "redis://b" }, "redis://b"],
    [{ brokerUrl: "amqp://a", resultBackend: "db+postgresql+psycopg2://b/c" }, "db+postgresql+psycopg2://b/c"],
    [{ brokerUrl: "amqp://a", resultBackend: "db+sqlite:///b.db" }, "db+sqlite:///b.db"],
    [{ brokerUrl: "amqp://a", coordinator: "sqlite://./c.db" }, "sqlite://./c.db"],
    [{ brokerUrl: "redis://a", coordinator: "postgresql://b/c" }, "postgresql://b/c"],
  ])("of %j is on %s", (config, url) => {
    expect(coordinatorOf(config)).toBe(url);
  });

  it.each([
    { brokerUrl: "amqp://a" },
    { brokerUrl: "amqp://a", resultBackend: "disabled" },
    { brokerUrl: "amqp://a", resultBackend: "memory://" },
  ])("of %j is missing, which the option that needs it is told by name", (config) => {
    expect(() => coordinatorOf(config)).toThrow(
      expect.objectContaining({ code: "COORDINATOR_MISSING", message: expect.stringMatching(/^unique needs a coordinator, .*amqp:\/\//) }),
    );
  });

  it("that is named and cannot be one is refused", () => {
    expect(() => coordinatorOf({ coordinator: "amqp://a" })).toThrow(expect.objectContaining({ code: "CONFIG_URL" }));
  });

  it("is opened once, for whichever option asks first, and closed with the app", async () => {
    const runtime = runtimeOf(createApp("one", { broker: "memory://coordinator-test" }))!;
    const [first, second] = await Promise.all([runtime.coordinator("unique"), runtime.coordinator("rateLimit")]);
    expect(second).toBe(first);
    await runtime.close();
    await expect(first.now()).rejects.toMatchObject({ code: "BROKER_CLOSED" });
    await expect(runtime.coordinator("unique")).rejects.toMatchObject({ code: "APP_CLOSED" });
  });

  it("names each option that asks in vain", async () => {
    const runtime = runtimeOf(createApp("none", { broker: "amqp://nowhere" }))!;
    for (const need of ["unique", "rateLimit"])
      await expect(runtime.coordinator(need)).rejects.toMatchObject({ message: expect.stringContaining(`${need} needs`) });
    await runtime.close();
  });
});
