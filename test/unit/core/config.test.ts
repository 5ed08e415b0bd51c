import { afterEach, describe, expect, it, vi } from "vitest";
import { settingTable } from "../../../packages/core/src/config.ts";
import { environmentSettings, isProduction, overrideSettings, withOverrides } from "../../../packages/core/src/environment.ts";
import { resolveSettings } from "../../../packages/core/src/setting.ts";

const resolve = (given: Readonly<Record<string, unknown>>) => resolveSettings(settingTable, given);
const invalid = expect.objectContaining({ code: "CONFIG_INVALID" });

afterEach(() => vi.unstubAllEnvs());

describe("the settings of an app", () => {
  it("are what the protocols say where nothing is given", () => {
    expect(resolve({})).toMatchObject({
      brokerUrl: "sqlite://./celeriac.db",
      resultBackend: null,
      resultExpires: "1d",
      taskDefaultQueue: "celery",
      taskDefaultPriority: null,
      taskAcksLate: true,
      publishTimeout: "10s",
      maxDeliveries: 5,
      maxMessageBytes: 16 * 1024 * 1024,
      durability: "full",
      allowEviction: false,
      acceptContent: ["json"],
      resultAcceptContent: null,
      taskSerializer: "json",
      resultSerializer: "json",
      taskCompression: null,
    });
  });

  it("take Celery's names", () => {
    const celery = {
      broker_url: "redis://h",
      result_backend: "disabled",
      result_expires: 60,
      task_default_queue: "q",
      task_acks_late: false,
    };
    expect(resolve(celery)).toMatchObject({
      brokerUrl: "redis://h",
      resultBackend: "disabled",
      resultExpires: 60,
      taskDefaultQueue: "q",
      taskAcksLate: false,
    });
  });

  it("keep results for ever where resultExpires is null", () => {
    expect(resolve({ resultExpires: null }).resultExpires).toBeNull();
    expect(() => resolve({ publishTimeout: null })).toThrow(invalid);
  });

  it("route tasks to queues, and take nothing else for a route", () => {
    const routes = { "mail.*": { queue: "mail" }, "img.resize": { queue: "gpu" } };
    expect(resolve({ taskRoutes: routes }).taskRoutes).toEqual(routes);
    for (const wrong of ["mail", null, { a: { queue: "" } }, { a: null }, { a: { queue: 1 } }])
      expect(() => resolve({ taskRoutes: wrong })).toThrow(invalid);
  });

  it("do not drop the part of a route that they do not know", () => {
    expect(() => resolve({ taskRoutes: { a: { queue: "b", countdown: 3 } } })).toThrow(expect.objectContaining({ code: "CONFIG_UNKNOWN" }));
  });

  it("accept no content but what can be read, pickle least of all", () => {
    expect(resolve({ accept_content: ["application/json", "json"] }).acceptContent).toEqual(["application/json", "json"]);
    expect(resolve({ acceptContent: ["msgpack", "application/x-yaml"] }).acceptContent).toEqual(["msgpack", "application/x-yaml"]);
    expect(resolve({ resultAcceptContent: ["msgpack"] }).resultAcceptContent).toEqual(["msgpack"]);
    expect(resolve({ task_serializer: "yaml", task_compression: "brotli" })).toMatchObject({
      taskSerializer: "yaml",
      taskCompression: "brotli",
    });
    expect(resolve({ result_serializer: "msgpack", task_compression: null })).toMatchObject({
      resultSerializer: "msgpack",
      taskCompression: null,
    });
    for (const wrong of [{ task_compression: "bzip2" }, { result_serializer: "yaml" }, { result_accept_content: ["pickle"] }])
      expect(() => resolve(wrong)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
    expect(() => resolve({ task_serializer: "pickle" })).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
    for (const acceptContent of [["json", "pickle"], ["toString"], [7], [], "json"])
      expect(() => resolve({ acceptContent })).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });

  it("take a priority from 0 to 9, or none", () => {
    expect([0, 9, null].map((taskDefaultPriority) => resolve({ taskDefaultPriority }).taskDefaultPriority)).toEqual([0, 9, null]);
    for (const wrong of [-1, 10, 2.5, "high"]) expect(() => resolve({ taskDefaultPriority: wrong })).toThrow(invalid);
  });

  it("mark as secret whatever may hold a password", () => {
    const urls = Object.entries(settingTable).filter(([name]) => /url|backend|coordinator/i.test(name));
    expect(urls.map(([name, row]) => [name, "secret" in row && row.secret])).toEqual([
      ["brokerUrl", true],
      ["resultBackend", true],
      ["redisBackendUseSsl", "inside"],
      ["resultBackendTransportOptions", "inside"],
      ["coordinator", true],
    ]);
  });
});

describe("the environment", () => {
  it("sets what names a variable, unless the variable is empty", () => {
    vi.stubEnv("CELERY_BROKER_URL", "redis://env");
    vi.stubEnv("CELERY_RESULT_BACKEND", "");
    vi.stubEnv("CELERIAC_COORDINATOR", undefined);
    expect(environmentSettings(settingTable)).toEqual({ brokerUrl: "redis://env" });
  });

  it("holds a command's overrides, which win under whichever name the app has the setting", () => {
    vi.stubEnv("CELERIAC_OVERRIDE_BROKER_URL", "");
    vi.stubEnv("CELERIAC_OVERRIDE_RESULT_BACKEND", "");
    overrideSettings({ brokerUrl: "redis://flag" });
    const expected = { brokerUrl: "redis://flag", taskDefaultQueue: "q", result_backend: "disabled" };
    for (const written of ["brokerUrl", "broker_url"])
      expect(withOverrides(settingTable, { [written]: "redis://code", taskDefaultQueue: "q", result_backend: "disabled" })).toEqual(
        expected,
      );
  });

  it("says whether it is a production", () => {
    for (const [value, expected] of [
      ["production", true],
      ["development", false],
      ["", false],
    ] as const) {
      vi.stubEnv("NODE_ENV", value);
      expect(isProduction()).toBe(expected);
    }
  });
});
