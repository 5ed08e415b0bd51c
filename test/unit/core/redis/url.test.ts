import { describe, expect, it } from "vitest";
import { backendFailure, brokerFailure } from "../../../../packages/core/src/redis/failure.ts";
import { withAttempt } from "../../../../packages/core/src/redis/result-record.ts";
import { isSameServer, parseRedisUrl } from "../../../../packages/core/src/redis/url.ts";

describe("a Redis URL", () => {
  it.each([
    ["redis://", { host: "localhost", port: 6379, db: 0, username: null, password: null }],
    ["redis://host", { host: "host", port: 6379, db: 0, username: null, password: null }],
    ["redis://host:1234/5", { host: "host", port: 1234, db: 5, username: null, password: null }],
    ["redis://:p%40ss%2F@host/2", { host: "host", port: 6379, db: 2, username: null, password: "p@ss/" }],
    ["redis://us%3Aer:secret@[::1]:7000/0", { host: "::1", port: 7000, db: 0, username: "us:er", password: "secret" }],
  ])("%s is read", (url, target) => {
    expect(parseRedisUrl(url)).toMatchObject(target);
  });

  it.each(["redis://host/db", "http://host", "redis", "redis://host:port/0", "redis://:secret@host/x"])(
    "%s is refused without telling its password",
    (url) => {
      expect(() => parseRedisUrl(url)).toThrow(
        expect.objectContaining({ code: "CONFIG_URL", message: expect.not.stringContaining("secret") }),
      );
    },
  );

  it("tells whether one script can write for two of them", () => {
    const broker = parseRedisUrl("redis://host:6379/0");
    expect(isSameServer(broker, parseRedisUrl("redis://host/3"))).toBe(true);
    expect(isSameServer(broker, parseRedisUrl("redis://host:6380/0"))).toBe(false);
    expect(isSameServer(broker, parseRedisUrl("redis://other:pw@host/0"))).toBe(false);
  });
});

describe("a failure", () => {
  const reply = (message: string) => Object.assign(new Error(message), { name: "ReplyError", command: { name: "auth", args: ["secret"] } });

  it("has the code of what it means, and no arguments of the command", () => {
    const cases = [
      [reply("WRONGPASS invalid username-password pair or user is disabled."), "BROKER_AUTH", "BACKEND_AUTH"],
      [reply("NOAUTH Authentication required."), "BROKER_AUTH", "BACKEND_AUTH"],
      [reply("OOM command not allowed when used memory > 'maxmemory'."), "BROKER_REFUSED", "BACKEND_UNREACHABLE"],
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
