import { describe, expect, it } from "vitest";
import { backendFailure, brokerFailure } from "../../../../packages/core/src/redis/failure.ts";
import { withAttempt } from "../../../../packages/core/src/redis/result-record.ts";
import { isSameServer, parseRedisUrl, type RedisAccess, type Sentinels } from "../../../../packages/core/src/redis/url.ts";

describe("a Redis URL", () => {
  it.each([
    ["redis://", { place: { host: "localhost", port: 6379 }, db: 0, username: null, password: null, tls: null }],
    ["redis://host", { place: { host: "host", port: 6379 }, db: 0, username: null, password: null }],
    ["redis://host:1234/5", { place: { host: "host", port: 1234 }, db: 5, username: null, password: null }],
    ["redis://:p%40ss%2F@host/2", { place: { host: "host", port: 6379 }, db: 2, username: null, password: "p@ss/" }],
    ["redis://us%3Aer:secret@[::1]:7000/0", { place: { host: "::1", port: 7000 }, db: 0, username: "us:er", password: "secret" }],
    ["redis://host?db=3&socket_timeout=5", { place: { host: "host", port: 6379 }, db: 3 }],
    ["rediss://host/1", { place: { host: "host", port: 6379 }, db: 1, tls: {} }],
    [
      "rediss://:pw@host:7000?ssl_cert_reqs=CERT_NONE&ssl_ca_certs=%2Fetc%2Fca.pem&ssl_keyfile=/k",
      { password: "pw", tls: { certReqs: "none", caCerts: "/etc/ca.pem", keyfile: "/k" } },
    ],
    ["redis+socket:///run/redis.sock", { place: { path: "/run/redis.sock" }, db: 0, label: "/run/redis.sock, database 0" }],
    ["redis+socket:///run/re%20dis.sock?virtual_host=4", { place: { path: "/run/re dis.sock" }, db: 4 }],
    ["socket:///run/redis.sock?virtual_host=/2", { place: { path: "/run/redis.sock" }, db: 2 }],
    ["unix://user@/run/redis.sock?db=2&password=pw", { place: { path: "/run/redis.sock" }, db: 2, username: "user", password: "pw" }],
    ["redis+socket://:pw@/run/redis.sock", { place: { path: "/run/redis.sock" }, password: "pw", username: null }],
  ])("%s is read", (url, target) => {
    expect(parseRedisUrl(url)).toMatchObject(target);
  });

  it("is encrypted where the settings say so, and its own parameters come first", () => {
    expect(parseRedisUrl("redis://host", { ssl: true }).tls).toEqual({});
    const ssl = { caCerts: "/ca", certReqs: "none" } as const;
    expect(parseRedisUrl("redis://host", { ssl }).tls).toEqual(ssl);
    expect(parseRedisUrl("rediss://host?ssl_cert_reqs=required", { ssl }).tls).toEqual({ caCerts: "/ca", certReqs: "required" });
    expect(() => parseRedisUrl("unix:///run/redis.sock", { ssl: true })).toThrow(expect.objectContaining({ code: "CONFIG_URL" }));
  });

  it("of a cluster names nodes that tell of the others", () => {
    const nodes = [
      { host: "a", port: 7000 },
      { host: "::1", port: 6379 },
    ];
    const target = parseRedisUrl("rediss+cluster://user:pw@a:7000;rediss+cluster://[::1]");
    expect(target).toMatchObject({
      place: { nodes },
      db: 0,
      username: "user",
      password: "pw",
      tls: {},
      label: "cluster a:7000, [::1]:6379",
    });
    expect(parseRedisUrl("redis+cluster://a", { keyPrefix: "{shop}:" })).toMatchObject({ keyPrefix: "{shop}:", tls: null });
  });

  it("of a cluster has one database, and a key prefix only with a hash tag", () => {
    const code = "CONFIG_URL";
    const refusal = (message: RegExp) => expect.objectContaining({ code, message: expect.stringMatching(message) });
    expect(() => parseRedisUrl("redis+cluster://a/1")).toThrow(refusal(/database 0 only/));
    expect(() => parseRedisUrl("redis+cluster://a", { keyPrefix: "shop:" })).toThrow(refusal(/hash tag, as in "\{shop:\}"/));
  });

  it("of sentinels names all of them, and what they call the primary", () => {
    const url = "sentinel://user:pw@a/3;sentinel://b:1234;sentinel://[::1]/3";
    const sentinel = { password: "inner", ssl: true };
    const target = parseRedisUrl(url, { ssl: false, masterName: "prime", sentinel });
    const sentinels = [
      { host: "a", port: 26379 },
      { host: "b", port: 1234 },
      { host: "::1", port: 26379 },
    ];
    expect(target).toEqual({
      place: { sentinels, primary: "prime", username: null, password: "inner", tls: {}, credentialsOf: null },
      db: 3,
      keyPrefix: "",
      username: "user",
      password: "pw",
      credentials: null,
      tls: null,
      label: "prime/3 (sentinels a:26379, b:1234, [::1]:26379)",
    });
    expect(parseRedisUrl("sentinel://a;sentinel://b?master_name=own", { ssl: true, masterName: "prime" })).toMatchObject({
      place: { primary: "own", tls: null },
      tls: {},
    });
  });

  it("of sentinels has them asked for by credentials() where they want a login", () => {
    const asked: unknown[] = [];
    const credentials = (...request: unknown[]) => {
      asked.push(request);
      return () => Promise.resolve({ password: "new" });
    };
    const url = "sentinel://a?master_name=prime";
    const sentinel = { host: "a", port: 26379 };
    const placeOf = (access: RedisAccess) => parseRedisUrl(url, access, credentials).place as Sentinels;
    expect(placeOf({}).credentialsOf).toBeNull();
    placeOf({ sentinel: { username: "watcher" } }).credentialsOf?.(sentinel);
    expect(asked).toEqual([[url], [url], [url, "a:26379"]]);
  });

  it.each([
    "sentinel://a",
    "sentinel://a/1;sentinel://b/2?master_name=p",
    "sentinel://a;redis://b?master_name=p",
    "redis://a?master_name=p",
  ])("%s is refused", (url) => {
    expect(() => parseRedisUrl(url)).toThrow(expect.objectContaining({ code: "CONFIG_URL" }));
  });

  it.each([
    ...["redis://host/db", "http://host", "redis", "redis://host:port/0", "redis://:secret@host/x", "redis://host?nonsense=1"],
    ...["redis://host?ssl_ca_certs=/ca", "rediss://host?ssl_cert_reqs=maybe", "rediss://host?ssl_password=secret&x=1"],
    ...["redis+socket://", "unix://host/run/redis.sock", "socket:///run/redis.sock?virtual_host=a", "unix:///a%2"],
  ])("%s is refused without telling its password", (url) => {
    expect(() => parseRedisUrl(url)).toThrow(
      expect.objectContaining({ code: "CONFIG_URL", message: expect.not.stringContaining("secret") }),
    );
  });

  it("tells whether one script can write for two of them", () => {
    const broker = parseRedisUrl("redis://host:6379/0");
    expect(isSameServer(broker, parseRedisUrl("redis://host/3"))).toBe(true);
    expect(isSameServer(broker, parseRedisUrl("redis://host:6380/0"))).toBe(false);
    expect(isSameServer(broker, parseRedisUrl("redis://other:pw@host/0"))).toBe(false);
    expect(isSameServer(broker, parseRedisUrl("redis+socket:///run/redis.sock"))).toBe(false);
    const sentinels = [
      "sentinel://a?master_name=p;sentinel://b",
      "sentinel://b/1?master_name=p;sentinel://a/1",
      "sentinel://a?master_name=q",
    ];
    const [one, same, other] = sentinels.map((url) => parseRedisUrl(url));
    expect([isSameServer(one!, same!), isSameServer(one!, other!)]).toEqual([true, false]);
    expect(isSameServer(parseRedisUrl("unix:///run/redis.sock"), parseRedisUrl("redis+socket:///run/redis.sock?virtual_host=1"))).toBe(
      true,
    );
  });
});

describe("a failure", () => {
  const reply = (message: string) => Object.assign(new Error(message), { name: "ReplyError", command: { name: "auth", args: ["secret"] } });

  it("has the code of what it means, and no arguments of the command", () => {
    const cases = [
      [reply("WRONGPASS invalid username-password pair or user is disabled."), "BROKER_AUTH", "BACKEND_AUTH"],
      [reply("NOAUTH Authentication required."), "BROKER_AUTH", "BACKEND_AUTH"],
      [Object.assign(new Error("self-signed certificate"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" }), "BROKER_TLS", "BACKEND_TLS"],
      [reply("OOM command not allowed when used memory > 'maxmemory'."), "BROKER_REFUSED", "BACKEND_REFUSED"],
      [reply("READONLY You can't write against a read only replica."), "BROKER_UNREACHABLE", "BACKEND_UNREACHABLE"],
      [new Error("connect ECONNREFUSED 127.0.0.1:1"), "BROKER_UNREACHABLE", "BACKEND_UNREACHABLE"],
    ] as const;
    for (const [error, broker, backend] of cases) {
      expect(brokerFailure(error, "host:6379/0")).toMatchObject({ code: broker, cause: error });
      expect(backendFailure(error, "host:6379/0")).toMatchObject({ code: backend, cause: error });
      expect(error).not.toHaveProperty("command");
    }
  });
});

describe("the attempt in a result's text", () => {
  it("is added where it is not said already", () => {
    expect(withAttempt('{"status": "RETRY"}', 0)).toBe('{"status": "RETRY"}');
    expect(withAttempt('{"status": "RETRY"}', 2)).toBe('{"status": "RETRY", "retries": 2}');
    expect(withAttempt('{"status": "RETRY", "retries": 2}', 2)).toBe('{"status": "RETRY", "retries": 2}');
    expect(JSON.parse(withAttempt('{"status": "RETRY", "result": {"retries": 2}}', 2))).toEqual({
      status: "RETRY",
      result: { retries: 2 },
      retries: 2,
    });
    expect(withAttempt("no json", 2)).toBe("no json");
  });
});
