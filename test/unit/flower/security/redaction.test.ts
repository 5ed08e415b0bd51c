import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRedactor } from "../../../../packages/flower/src/server/security/redaction.ts";

const canary = "canary-7f3a";
const { text, value } = createRedactor();

describe("a text of an event", () => {
  it.each([
    // kwargs of Python
    ["{'password': 'PW', 'n': 2}", "{'password': '********', 'n': 2}"],
    ["{'n': 2, 'api_key': \"it's PW\"}", "{'n': 2, 'api_key': \"********\"}"],
    ["{'token': b'PW'}", "{'token': '********'}"],
    ["{'secret': 12345}", "{'secret': '********'}"],
    ["{'user': {'name': 'ann', 'passwd': 'PW'}, 'x': 1}", "{'user': {'name': 'ann', 'passwd': '********'}, 'x': 1}"],
    ["{'credentials': {'user': 'a', 'key': ['PW', \"PW\"]}, 'x': 1}", "{'credentials': '********', 'x': 1}"],
    ["{'auth_token': SecretStr('PW'), 'x': 1}", "{'auth_token': '********', 'x': 1}"],
    ["{'session_cookie': <Cookie PW>, 'x': 1}", "{'session_cookie': '********', 'x': 1}"],
    ["{'password': 'it\\'s PW', 'x': 1}", "{'password': '********', 'x': 1}"],
    ["{'password': 'PW\\\\', 'x': 1}", "{'password': '********', 'x': 1}"],
    // cut off
    ["{'password': 'PW and m...", "{'password': '********'"],
    ["{'password': {'a': 'PW', ...", "{'password': '********'"],
    // JSON
    ['[{"authorization":"Bearer PW","n":1}]', '[{"authorization":"********","n":1}]'],
    // a text within a text
    ['(\'{"password": "PW", "n": 1}\',)', '(\'{"password": "********", "n": 1}\',)'],
    ['{"body": "{\\"password\\": \\"PW\\", \\"n\\": 1}"}', '{"body": "{\\"password\\": \\"********\\", \\"n\\": 1}"}'],
    // pairs, and objects that show their fields
    ["([('Authorization', 'Bearer PW'), ('Accept', '*')],)", "([('Authorization', '********'), ('Accept', '*')],)"],
    ["(User(name='ann', password='PW', n=1),)", "(User(name='ann', password='********', n=1),)"],
    // errors
    ["OperationalError: cannot reach amqp://user:PW@host/vhost", "OperationalError: cannot reach amqp://user:********@host/vhost"],
    ['HTTPError("401, Authorization: Bearer PW")', 'HTTPError("401, Authorization: ********")'],
    ["login failed, password=PW host=db", "login failed, password=******** host=db"],
  ])("holds no secret: %s", (given, shown) => {
    expect(text(given.replaceAll("PW", canary))).toBe(shown);
  });

  it.each([
    "(1, 2)",
    "{'passenger': 'ann', 'passages': 3, 'keyboard': 'x'}",
    "('password', 'reset', 3)",
    "('it is 12:30', \"don't\")",
    "{'a': \"connection 'refused'\"}",
    'a<b&c <img src=x onerror="window.__x=1">',
    "{'note': 'the token was fine'}",
    "if password == other:",
    "",
  ])("keeps what is none: %s", (given) => {
    expect(text(given)).toBe(given);
  });

  it("gives back what it gave", () => {
    for (const given of ["{'password': 'x', 'n': 2}", "password=x", "Cookie: a=b; c=d\nHost: e", '{"b": "{\\"token\\": \\"x\\"}"}'])
      expect(text(text(given))).toBe(text(given));
  });

  it("holds no secret wherever it stands, whatever it is made of", () => {
    const repr = (secret: string) => `'${secret.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll("\n", "\\n")}'`;
    const secrets = fc.string({ unit: fc.constantFrom(..."ab'\"\\,:)]}({[= \n"), maxLength: 12 }).map((more) => `${more}${canary}${more}`);
    fc.assert(
      fc.property(
        secrets,
        fc.constantFrom("password", "API_KEY", "x-auth-token"),
        fc.constantFrom("{K: V}", "{'a': 1, K: V, 'b': [2]}", "[{K: V}, 3]"),
        (secret, key, form) => {
          const given = form.replace("V", () => repr(secret)).replace("K", `'${key}'`);
          const shown = text(given);
          expect(shown).not.toContain(canary);
          expect(shown).toBe(form.replace("V", "'********'").replace("K", `'${key}'`));
        },
      ),
    );
  });

  it("is read once, however it is made", () => {
    const size = 64 * 1024;
    for (const piece of [
      "'",
      '"',
      "\\",
      "('",
      "a=",
      "password=(",
      "'password': '",
      '\\"token\\": \\"',
      "{'secret': {",
      "Cookie: ",
      "a-",
      "('token', ",
    ])
      expect(text(piece.repeat(size / piece.length)).length).toBeGreaterThan(0);
    const pairs = size / 28;
    expect(text(`${"('token', (1, ".repeat(pairs)}${") y)".repeat(pairs)}`).length).toBeGreaterThan(0);
  });
});

describe("a value", () => {
  it("holds no secret, however deep", () => {
    const conf = { broker_url: `redis://:${canary}@host`, redis_password: canary, list: [{ aws_secret: canary, n: 1 }], token: null };
    expect(value(conf)).toEqual({
      broker_url: "redis://:********@host",
      redis_password: "********",
      list: [{ aws_secret: "********", n: 1 }],
      token: null,
    });
  });
});

describe("more names", () => {
  it("are secrets as well", () => {
    const more = createRedactor(["iban", "*card*"]);
    expect(more.text("{'IBAN': 'DE1', 'credit_card_no': 5, 'n': 1}")).toBe("{'IBAN': '********', 'credit_card_no': '********', 'n': 1}");
    expect(more.value({ Iban: 1, n: 1 })).toEqual({ Iban: "********", n: 1 });
  });
});

it("holds no token of Airflow's workloads, wherever Celery cuts them off", () => {
  const captures = JSON.parse(readFileSync(new URL("../../../golden/airflow/messages-3.json", import.meta.url), "utf8")) as {
    raw: string;
  }[];
  for (const { raw } of captures) {
    const { argsrepr } = (JSON.parse(raw) as { readonly headers: { readonly argsrepr: string } }).headers;
    expect(argsrepr).toContain("eyJ");
    for (let end = argsrepr.indexOf("eyJ") + 3; end <= argsrepr.length; end += 7) {
      expect(text(argsrepr.slice(0, end))).not.toContain("eyJ");
      expect(text(`${argsrepr.slice(0, end)}...`)).not.toContain("eyJ");
    }
    expect(text(argsrepr)).toContain("dag_rel_path");
  }
});
