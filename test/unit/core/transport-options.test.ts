import { describe, expect, it } from "vitest";
import { settingTable } from "../../../packages/core/src/config.ts";
import { nameConfig } from "../../../packages/core/src/config-names.ts";
import { resolveSettings } from "../../../packages/core/src/setting.ts";

const resolve = (given: unknown) => resolveSettings(settingTable, { broker_transport_options: given }).brokerTransportOptions;
const unused = (given: object) => nameConfig({ broker_transport_options: given }).unused.map(({ setting }) => setting);

describe("transport options", () => {
  it("say how the primary is found behind sentinels, under either kind of name", () => {
    expect(resolve({ master_name: "prime", sentinel_kwargs: { password: "pw", socket_timeout: 0.1 }, visibility_timeout: 9 })).toEqual({
      masterName: "prime",
      sentinelKwargs: { password: "pw", ssl: false },
    });
    expect(resolve({ masterName: "prime", sentinelKwargs: { username: "u", ssl: true, ssl_ca_certs: "/ca" } })).toEqual({
      masterName: "prime",
      sentinelKwargs: { username: "u", ssl: { caCerts: "/ca" } },
    });
    for (const nothing of [{}, null, { master_name: undefined, sentinel_kwargs: null }]) expect(resolve(nothing)).toEqual({});
  });

  it("say what RabbitMQ shows of a connection, but not what the driver is able to do", () => {
    const clientProperties = { deployment: "blue", replica: 7, canary: false };
    expect(resolve({ client_properties: clientProperties })).toEqual({ clientProperties });
  });

  it.each([
    [{ client_properties: { capabilities: true } }],
    [{ client_properties: { nested: {} } }],
    [{ client_properties: "secret" }],
    [{ global_keyprefix: 1 }],
    [{ master_name: 1 }],
    [{ master_name: "" }],
    [{ sentinel_kwargs: "secret" }],
    [{ sentinel_kwargs: { password: 1 } }],
    ["secret"],
    [[]],
  ])("are refused without telling them: %j", (given) => {
    expect(() => resolve(given)).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", message: expect.not.stringContaining("secret") }),
    );
  });

  it("that do nothing are told, unless they ask for what is done anyway", () => {
    expect(
      unused({
        visibility_timeout: 60,
        priority_steps: [0, 3, 6, 9],
        sep: "-",
        master_name: "prime",
        confirm_publish: true,
      }),
    ).toEqual(["broker_transport_options.visibility_timeout", "broker_transport_options.sep"]);
    expect(nameConfig({ resultBackendTransportOptions: { retryPolicy: {} } }).unused).toEqual([
      { setting: "resultBackendTransportOptions.retryPolicy", reason: expect.stringContaining("publish_timeout") },
    ]);
    const ofBroker = { client_properties: { deployment: "blue" } };
    expect(nameConfig({ broker_transport_options: ofBroker, result_backend_transport_options: ofBroker }).unused).toEqual([
      { setting: "result_backend_transport_options.client_properties", reason: expect.stringContaining("broker_transport_options") },
    ]);
  });

  it("that nobody knows are errors that give the nearest one", () => {
    const misspelt = { code: "CONFIG_UNKNOWN", message: expect.stringContaining('did you mean "master_name"?') };
    expect(() => unused({ master_nam: "prime" })).toThrow(expect.objectContaining(misspelt));
    expect(() => unused({ constructor: 1 })).toThrow(expect.objectContaining({ code: "CONFIG_UNKNOWN" }));
    expect(() => resolve({ sentinel_kwargs: { pasword: "x" } })).toThrow(expect.objectContaining({ code: "CONFIG_UNKNOWN" }));
  });
});
