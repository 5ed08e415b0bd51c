import { describe, expect, test } from "vitest";
import { parseAmqpUrl, parseAmqpUrls } from "../../../../packages/core/src/amqp/address.ts";

describe("an AMQP URL", () => {
  test("gives every part, decoded", () => {
    expect(parseAmqpUrl("amqp://us%40er:p%2Fw%3A@rabbit.example:5673/my%2Fvhost")).toEqual({
      tls: null,
      heartbeatMs: 10_000,
      timeoutMs: 4_000,
      loginMethod: "PLAIN",
      clientProperties: {},
      hostname: "rabbit.example",
      port: 5673,
      username: "us@er",
      password: "p/w:",
      vhost: "my/vhost",
      label: "us@er@rabbit.example:5673, vhost my/vhost",
    });
  });

  test("has Celery's defaults for what is left out", () => {
    const local = { hostname: "localhost", port: 5672, username: "guest", password: "guest", vhost: "/" };
    expect(parseAmqpUrl("amqp://")).toMatchObject(local);
    expect(parseAmqpUrl("amqp://localhost")).toMatchObject(local);
    expect(parseAmqpUrl("amqp://localhost/")).toMatchObject(local);
    expect(parseAmqpUrl("amqp://localhost//")).toMatchObject(local);
    expect(parseAmqpUrl("amqp://localhost/%2F")).toMatchObject(local);
    expect(parseAmqpUrl("pyamqp://localhost")).toMatchObject(local);
    expect(parseAmqpUrl("amqps://localhost")).toMatchObject({ tls: {}, port: 5671 });
    expect(parseAmqpUrl("amqp://user@[::1]")).toMatchObject({ hostname: "::1", username: "user", password: "" });
  });

  test("says in kombu's parameters how to connect, whatever settings say", () => {
    const settings = { ssl: { caCerts: "/etc/ca.pem", certfile: "/etc/mine.pem" }, heartbeatMs: 20_000, loginMethod: "AMQPLAIN" } as const;
    expect(parseAmqpUrl("amqp://h", settings)).toMatchObject({
      tls: settings.ssl,
      port: 5671,
      heartbeatMs: 20_000,
      loginMethod: "AMQPLAIN",
    });
    expect(
      parseAmqpUrl("amqp://h?heartbeat=30&connect_timeout=2.5&login_method=external&ssl_ca_certs=/run/ca.pem&ssl_cert_reqs=none", settings),
    ).toMatchObject({
      tls: { caCerts: "/run/ca.pem", certfile: "/etc/mine.pem", certReqs: "none" },
      heartbeatMs: 30_000,
      timeoutMs: 2_500,
      loginMethod: "EXTERNAL",
      label: "h:5671, vhost /",
    });
    expect(parseAmqpUrl("amqp://h", { ssl: true })).toMatchObject({ tls: {}, port: 5671 });
  });

  test.each([
    ["http://localhost", "scheme"],
    ["amqp://host:99999", "parsed"],
    ["amqp://u:secret@host/%ZZ", "parsed"],
    ["amqp://u:secret@host/v?heartbeet=3", '"heartbeet"'],
    ["not a url", "parsed"],
    ["constructor://u:secret@host", "scheme"],
    ["amqp://u:secret@host?heartbeat=often", "heartbeat"],
    ["amqp://u:secret@host?login_method=GSSAPI", "EXTERNAL"],
    ["amqps://u:secret@host?ssl_ca_cert=/ca.pem", '"ssl_ca_certs"'],
    ["amqps://host?ssl_password=secret&ssl_cert_reqs=maybe", "required"],
  ])("%s is refused with a reason and without its password", (url, reason) => {
    const refusal = (() => {
      try {
        return parseAmqpUrl(url);
      } catch (error) {
        return error as Error;
      }
    })();
    expect(refusal).toMatchObject({ code: "CONFIG_URL" });
    expect(String((refusal as Error).message)).toContain(reason);
    expect(`${(refusal as Error).stack} ${String((refusal as Error).cause)}`).not.toContain("secret");
  });
});

describe("several AMQP URLs", () => {
  const places = (urls: string) => parseAmqpUrls(urls).map(({ label }) => label);

  test("stand in one text with semicolons, a host alone for the same elsewhere", () => {
    expect(places("amqp://u:p@a:5673/v")).toEqual(["u@a:5673, vhost v"]);
    expect(places("amqp://u:p@a/v;amqp://b; amqps://w@c;")).toEqual(["u@a:5672, vhost v", "guest@b:5672, vhost /", "w@c:5671, vhost /"]);
    expect(places("amqp://u:p@a/v?heartbeat=3;b;c:5673;[::1]:5674")).toEqual([
      "u@a:5672, vhost v",
      "u@b:5672, vhost v",
      "u@c:5673, vhost v",
      "u@::1:5674, vhost v",
    ]);
    expect(parseAmqpUrls("amqp://u:p@a/v?heartbeat=3;b")[1]).toMatchObject({ password: "p", heartbeatMs: 3_000 });
  });

  test("each have credentials of their own asked for", () => {
    const asked: string[] = [];
    const ask = (url: string) => {
      asked.push(url);
      return async () => ({ password: "p" });
    };
    for (const { credentials } of parseAmqpUrls("amqp://u@a/v;b;amqp://c", {}, ask)) expect(credentials).toEqual(expect.any(Function));
    expect(asked).toEqual(["amqp://u@a/v", "amqp://u@b/v", "amqp://c"]);
  });

  test("are refused together when one of them is none, without any password", () => {
    expect(() => parseAmqpUrls("amqp://u:secret@a;redis://:secret@b")).toThrow(
      expect.objectContaining({ code: "CONFIG_URL", message: expect.not.stringContaining("secret") }),
    );
    expect(() => parseAmqpUrls("")).toThrow(expect.objectContaining({ code: "CONFIG_URL" }));
  });
});
