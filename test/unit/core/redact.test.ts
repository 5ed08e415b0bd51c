import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSecretKey, redact, redactText, redactUrl, stars } from "../../../packages/core/src/redact.ts";

const canary = "canary-7f3a";

describe("a text that people read", () => {
  it.each([
    ["redis://:PW@host:6379/0", `redis://:${stars}@host:6379/0`],
    ["amqp://user:PW@host/vhost", `amqp://user:${stars}@host/vhost`],
    ["db+postgresql://user:PW@host/name", `db+postgresql://user:${stars}@host/name`],
    ["AMQPS://user:PW@host", `AMQPS://user:${stars}@host`],
    ["sentinel://:PW@a:1;sentinel://:PW@b:2", `sentinel://:${stars}@a:1;sentinel://:${stars}@b:2`],
    ["Invalid URL: 'amqp://user:PW@host' (amqp://x:PW@y)", `Invalid URL: 'amqp://user:${stars}@host' (amqp://x:${stars}@y)`],
    // Not allowed in a URL, and what people write all the same.
    ["amqp://user:PW@PW@host/vhost", `amqp://user:${stars}@host/vhost`],
    ["redis://:PW/PW@host", `redis://:${stars}@host`],
    ["redis://:123/PW@host", `redis://:${stars}@host`],
    ["amqp://user:PW/PW@PW@host", `amqp://user:${stars}@host`],
    ["amqp://user:a'PW\"b@host", `amqp://user:${stars}@host`],
    ["amqps://host?ssl_password=PW&ssl_cert_reqs=none", `amqps://host?ssl_password=${stars}&ssl_cert_reqs=none`],
    ["redis://host:6379/0?password=PW&db=1", `redis://host:6379/0?password=${stars}&db=1`],
    ["https://api.example/x?a=1&api_key=PW", `https://api.example/x?a=1&api_key=${stars}`],
  ])("shows no password: %s", (text, shown) => {
    expect(redactText(text.replaceAll("PW", canary))).toBe(shown);
  });

  it.each([
    "redis://host:6379/0",
    "http://host:5555/tasks?user=a@b",
    "amqp://user@host",
    "mail a:b@c",
    "sqlite://./celeriac.db",
    "12:30 @ noon",
  ])("keeps what is none: %s", (text) => {
    expect(redactText(text)).toBe(text);
  });

  it("shows no password whatever the password is made of", () => {
    const password = fc
      .string({ unit: fc.constantFrom(..."abZ09!$&'()*+,;=%-._~:@?#[]|\\^`{}\"<>"), minLength: 1, maxLength: 20 })
      .map((text) => `${text}${canary}${text}`);
    fc.assert(
      fc.property(password, fc.constantFrom("", "user"), fc.constantFrom("host", "host:5672/vhost"), (secret, user, rest) => {
        expect(redactText(`cannot reach amqp://${user}:${secret}@${rest} today`)).not.toContain(canary);
      }),
    );
  });
});

describe("a text that is meant as a URL", () => {
  it("is not shown where it is none", () => {
    for (const text of [`user:${canary}@host/vhost`, `redis:${canary}`, canary]) expect(redactUrl(text)).toBe(stars);
    expect(redactUrl(`redis://user:${canary}@host`)).toBe(`redis://user:${stars}@host`);
    expect(redactUrl("disabled")).toBe("disabled");
  });
});

describe("a key", () => {
  it.each([
    "password",
    "PASSWORD",
    "dbPassword",
    "password_hash",
    "passwd",
    "passphrase",
    "pass",
    "secret",
    "clientSecret",
    "token",
    "accessToken",
    "api_key",
    "apiKey",
    "Authorization",
    "Set-Cookie",
    "credentials",
    "private_key",
  ])("names a secret: %s", (key) => {
    expect(isSecretKey(key)).toBe(true);
  });

  it.each(["task", "taskId", "passenger", "key", "user", "bypassed", "author"])("names no secret: %s", (key) => {
    expect(isSecretKey(key)).toBe(false);
  });
});

describe("a value that is logged", () => {
  it("shows no secret, however deep it lies", () => {
    const secret = fc.constantFrom(
      { password: canary },
      { headers: { authorization: canary } },
      `amqp://user:${canary}@host`,
      new URL(`redis://:${canary}@host`),
    );
    const wrap = fc.constantFrom<(inner: unknown) => unknown>(
      (inner) => ({ a: 1, inner }),
      (inner) => [inner],
      (inner) => new Map([["inner", inner]]),
      (inner) => new Set([inner]),
      (inner) => new Error("outer", { cause: inner }),
      (inner) => new AggregateError([inner], "several"),
      (inner) => ({ toJSON: () => inner }),
    );
    fc.assert(
      fc.property(secret, fc.array(wrap, { maxLength: 12 }), (leaf, wraps) => {
        const value = wraps.reduce<unknown>((inner, around) => around(inner), leaf);
        expect(JSON.stringify(redact(value))).not.toContain(canary);
      }),
    );
  });

  it("keeps all that is no secret", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const text = JSON.stringify(value);
        fc.pre(!text.includes("://") && !/pass|secret|token|key|auth|cookie|cred|__proto__/i.test(text));
        expect(redact(value)).toEqual(value);
      }),
    );
  });

  it("shows of an error its type, message, code, stack and cause, without passwords", () => {
    const cause = Object.assign(new Error(`connect amqp://u:${canary}@h`), { code: "ECONNREFUSED", extra: canary });
    const shown = redact(new TypeError("gone", { cause })) as { stack: string; cause: { stack: string } };
    expect(shown).toEqual({
      type: "TypeError",
      message: "gone",
      stack: expect.stringContaining("TypeError: gone\n"),
      cause: {
        type: "Error",
        message: `connect amqp://u:${stars}@h`,
        code: "ECONNREFUSED",
        stack: expect.stringContaining(`amqp://u:${stars}@h`),
      },
    });
  });

  it("shows how many bytes there are, not which", () => {
    expect(redact({ body: Buffer.from(canary), view: new Float64Array(2) })).toEqual({ body: "<11 bytes>", view: "<16 bytes>" });
  });

  it("can be anything: cycles, depths, dates that are none, getters that throw", () => {
    const cyclic: Record<string, unknown> = { at: new Date(Number.NaN), when: new Date(0), big: 5n, nothing: undefined };
    cyclic["self"] = cyclic;
    const text = JSON.stringify(redact(cyclic));
    expect(text).toContain("[deep]");
    expect(text).toContain('"at":null,"when":"1970-01-01T00:00:00.000Z","big":"5"');
    const hostile = {
      get name() {
        throw new Error("no");
      },
    };
    expect(redact({ hostile })).toEqual({ hostile: "[unreadable]" });
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withMap: true, withSet: true, withTypedArray: true, withDate: true, withNullPrototype: true }),
        (value) => void JSON.stringify(redact(value)),
      ),
    );
  });
});
