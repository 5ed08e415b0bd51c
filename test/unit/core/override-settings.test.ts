import { createApp } from "@celeriac/core";
import { overrideSettings } from "@celeriac/core/runtime";
import { afterEach, describe, expect, it } from "vitest";

const names = ["CELERIAC_OVERRIDE_BROKER_URL", "CELERIAC_OVERRIDE_RESULT_BACKEND", "CELERY_BROKER_URL"];

afterEach(() => {
  for (const name of names) delete process.env[name];
});

describe("overridden settings", () => {
  it("win over the app's code under either name, and over the environment", () => {
    process.env["CELERY_BROKER_URL"] = "redis://from-environment";
    overrideSettings({ brokerUrl: "redis://from-flag" });
    expect(createApp("by option", { broker: "redis://from-code" }).config.brokerUrl).toBe("redis://from-flag");
    expect(createApp("by config", { config: { broker_url: "redis://from-code" } }).config.brokerUrl).toBe("redis://from-flag");
    expect(createApp("by environment").config.brokerUrl).toBe("redis://from-flag");
  });

  it("leave every other setting as the app says", () => {
    overrideSettings({ resultBackend: "disabled" });
    const { config } = createApp("shop", { broker: "redis://from-code" });
    expect(config).toMatchObject({ brokerUrl: "redis://from-code", resultBackend: "disabled" });
  });

  it("are inherited by processes and threads that load the app again", () => {
    overrideSettings({ brokerUrl: "redis://from-flag" });
    expect(process.env["CELERIAC_OVERRIDE_BROKER_URL"]).toBe("redis://from-flag");
  });
});
