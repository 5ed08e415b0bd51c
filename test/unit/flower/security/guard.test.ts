import type { InjectOptions } from "fastify";
import { describe, expect, it } from "vitest";
import { guardedServer } from "../../../support/monitor/guarded-server.ts";

const closedText = "FLOWER_UNAUTHENTICATED_API environment variable is required to enable API without authentication";
const everyRead = ["/", "/api/workers", "/api/tasks", "/api/v2/tasks", "/api/v2/stream"];
const token = "t0ken-of-sixteen-signs";
const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString("base64")}` });
const elsewhere = { remoteAddress: "192.0.2.7" };
const evil = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };

describe("a monitor of which nothing was said", () => {
  it("is looked at from its own machine, and refuses its API as Flower does", async () => {
    await using guarded = await guardedServer();
    const ask = (options: InjectOptions | string) => guarded.server.inject(options);
    expect((await ask("/")).json()).toMatchObject({
      asker: { user: null, role: "viewer", readOnly: expect.stringContaining("FLOWER_BASIC_AUTH") },
    });
    expect((await ask("/api/v2/tasks")).statusCode).toBe(200);
    const workers = await ask("/api/workers");
    expect([workers.statusCode, workers.body, workers.headers["www-authenticate"]]).toEqual([401, closedText, undefined]);
    const tasks = await ask("/api/tasks");
    expect([tasks.statusCode, tasks.body]).toEqual([401, ""]);
    for (const url of ["/api/worker/shutdown/w1@box", "/api/task/revoke/x", "/api/v2/tasks/x/revoke"])
      expect((await ask({ method: "POST", url })).statusCode).toBe(401);
    expect(guarded.audited.map(({ action, target, user, refusal }) => [action, target, user, refusal])).toEqual([
      ["shutdown", "w1@box", "anonymous", closedText],
      ["revoke", "x", "anonymous", closedText],
      ["revoke", "x", "anonymous", expect.stringContaining("No login is configured")],
    ]);
  });

  it.each([
    ["another machine", elsewhere],
    ["a proxy on its own", { headers: { "x-forwarded-for": "192.0.2.7" } }],
  ])("says nothing to %s, but that it is there", async (_from, from) => {
    await using guarded = await guardedServer();
    const page = await guarded.server.inject({ url: "/", ...from });
    expect(page.statusCode).toBe(403);
    expect(page.body).toContain("FLOWER_BASIC_AUTH");
    for (const url of [...everyRead, "/metrics", "/nowhere"])
      expect((await guarded.server.inject({ url, ...from })).statusCode, url).toBeGreaterThanOrEqual(401);
    expect((await guarded.server.inject({ url: "/healthcheck", ...from })).statusCode).toBe(200);
  });

  it.each(["evil.example", "evil.example:5555", "127.0.0.1.evil.example"])("does not answer to the name %s", async (host) => {
    await using guarded = await guardedServer({ unauthenticatedApi: true });
    for (const url of everyRead) expect((await guarded.server.inject({ url, headers: { host } })).statusCode).toBe(403);
  });

  it.each(["localhost:5555", "127.0.0.1:5555", "[::1]:5555", "app.localhost", "Monitor.Internal:80"])(
    "answers to the name %s",
    async (host) => {
      await using guarded = await guardedServer({ allowedHosts: "monitor.internal" });
      expect((await guarded.server.inject({ url: "/", headers: { host } })).statusCode).toBe(200);
    },
  );
});

describe("a monitor with basic logins", () => {
  it("asks for one, everywhere but for its health", async () => {
    await using guarded = await guardedServer({ basicAuth: "u:p,ann:a:b" });
    const page = await guarded.server.inject("/");
    expect([page.statusCode, page.body, page.headers["www-authenticate"]]).toEqual([401, "Access denied", 'Basic realm="flower"']);
    for (const url of [...everyRead, "/metrics", "/nowhere"]) {
      expect((await guarded.server.inject(url)).statusCode, url).toBe(401);
      expect((await guarded.server.inject({ url, headers: basic("u:wrong") })).statusCode, url).toBe(401);
    }
    for (const url of ["/api/workers", "/api/v2/tasks"])
      expect((await guarded.server.inject(url)).headers["www-authenticate"]).toBeUndefined();
    expect((await guarded.server.inject({ method: "HEAD", url: "/healthcheck" })).statusCode).toBe(200);
  });

  it("lets in who has the password", async () => {
    await using guarded = await guardedServer({ basicAuth: "u:p,ann:a:b" });
    for (const url of everyRead) expect((await guarded.server.inject({ url, headers: basic("u:p") })).statusCode).toBe(200);
    expect((await guarded.server.inject({ url: "/", headers: basic("ann:a:b") })).json().asker).toEqual({
      user: "ann",
      role: "admin",
      by: "basic",
      readOnly: null,
    });
    for (const pair of ["u", "u:", "u:pp", "ann:a", ":p", "u:p,ann:a:b"])
      expect((await guarded.server.inject({ url: "/", headers: basic(pair) })).statusCode).toBe(401);
  });

  it("lets nobody guess, and who guessed not even with the right one for a minute", async () => {
    await using guarded = await guardedServer({ basicAuth: "u:p" });
    const attempt = async (pair: string, from = {}) =>
      (await guarded.server.inject({ url: "/api/tasks", headers: basic(pair), ...from })).statusCode;
    for (let attempts = 0; attempts < 10; attempts++) expect(await attempt("u:wrong")).toBe(401);
    expect(await attempt("u:wrong")).toBe(429);
    expect(await attempt("u:p")).toBe(429);
    expect((await guarded.server.inject({ url: "/", headers: basic("u:p") })).headers["retry-after"]).toBe("60");
    expect(await attempt("u:p", elsewhere)).toBe(200);
    await guarded.clock.advance(60_000);
    expect(await attempt("u:p")).toBe(200);
  });
});

describe("tokens and roles", () => {
  const options = {
    apiTokens: `ci:${token},probe:${token}2`,
    basicAuth: "ann:p,bob:p,eve:p",
    roles: "ci=operator,bob=operator,*=viewer,ann=admin",
  };
  const bearer = (text: string) => ({ authorization: `Bearer ${text}` });

  it("let in whom they name", async () => {
    await using guarded = await guardedServer(options);
    expect((await guarded.server.inject({ url: "/api/v2/tasks", headers: bearer(token) })).json().asker).toMatchObject({
      user: "ci",
      role: "operator",
      by: "token",
    });
    expect((await guarded.server.inject({ url: "/api/v2/tasks", headers: bearer(`${token}3`) })).json()).toEqual({
      error: "Access denied",
    });
  });

  it.each([
    ["eve", 403, 403],
    ["bob", 200, 403],
    ["ann", 200, 200],
  ])("let %s do what the role allows", async (user, revoke, shutdown) => {
    await using guarded = await guardedServer(options);
    const post = async (url: string) => (await guarded.server.inject({ method: "POST", url, headers: basic(`${user}:p`) })).statusCode;
    expect([await post("/api/task/revoke/x"), await post("/api/worker/shutdown/w")]).toEqual([revoke, shutdown]);
  });

  it("read metrics alone with the token for them", async () => {
    await using guarded = await guardedServer({ basicAuth: "u:p", metricsToken: "scrape" });
    const status = async (url: string, headers = {}) => (await guarded.server.inject({ url, headers })).statusCode;
    expect([
      await status("/metrics"),
      await status("/metrics", bearer("scrape")),
      await status("/metrics", bearer("scrap")),
      await status("/api/tasks", bearer("scrape")),
    ]).toEqual([401, 200, 401, 401]);
  });

  it.each([
    [{ unauthenticatedApi: true }, 200],
    [{}, 200],
    [{ basicAuth: "u:p" }, 401],
    [{ basicAuth: "u:p", metricsAuth: "none" }, 200],
    [{ unauthenticatedApi: true, metricsAuth: "login" }, 401],
    [{ unauthenticatedApi: true, metricsToken: "scrape" }, 401],
  ])("open metrics where a login is not needed: %j", async (given, status) => {
    await using guarded = await guardedServer(given);
    expect((await guarded.server.inject("/metrics")).statusCode).toBe(status);
  });

  it.each([
    [{ basicAuth: "nobody" }],
    [{ basicAuth: ":p" }],
    [{ apiTokens: "ci:short" }],
    [{ roles: "ann=king" }],
    [{ auth: "a@b.c" }],
    [{ authProvider: "google", oauth2Key: "k" }],
    [{ authProvider: "myspace", oauth2Key: "k", auth: "a@b.c" }],
    [{ authProvider: "okta", oauth2Key: "k", auth: "a@b.c" }],
    [{ authProvider: "google", oauth2Key: "k", auth: ".*@example.*" }],
  ])("that cannot be are refused at the start: %j", async (given) => {
    await expect(guardedServer(given)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });
});

describe("pages of other sites", () => {
  it.each([
    ["a cross-site page", evil],
    ["a page beside it", { "sec-fetch-site": "same-site" }],
    ["a browser that says no more than Origin", { origin: "https://evil.example" }],
    ["another port", { origin: "http://localhost:81" }],
    ["a sandbox", { origin: "null" }],
  ])("change nothing and hear nothing: %s", async (_what, headers) => {
    await using guarded = await guardedServer({ unauthenticatedApi: true });
    for (const url of ["/api/task/revoke/x", "/api/v2/tasks/x/revoke", "/logout"])
      expect((await guarded.server.inject({ method: "POST", url, headers })).statusCode, url).toBe(403);
    expect((await guarded.server.inject({ url: "/api/v2/stream", headers })).statusCode).toBe(403);
    expect((await guarded.server.inject({ url: "/api/tasks", headers })).headers["access-control-allow-origin"]).toBeUndefined();
    expect(guarded.audited.map(({ refusal }) => refusal?.includes("another site"))).toEqual([true, true, true]);
  });

  it.each([
    ["curl", {}],
    ["its own page behind a proxy that asks under another name", { "sec-fetch-site": "same-origin", origin: "https://flower.example.com" }],
    ["its own page", { "sec-fetch-site": "same-origin", origin: "http://localhost:80" }],
    ["an address that somebody typed", { "sec-fetch-site": "none" }],
  ])("are not %s", async (_what, headers) => {
    await using guarded = await guardedServer({ unauthenticatedApi: true });
    const answer = await guarded.server.inject({ method: "POST", url: "/api/task/revoke/x", headers: { host: "localhost", ...headers } });
    expect(answer.statusCode).toBe(200);
    expect(guarded.audited).toMatchObject([{ action: "revoke", target: "x", refusal: null }]);
  });

  it("may use the API where they are named, and only read where all are", async () => {
    const origin = "https://ops.example.com";
    const post = { method: "POST", url: "/api/task/revoke/x", headers: { origin, "sec-fetch-site": "cross-site" } } as const;
    await using named = await guardedServer({ unauthenticatedApi: true, corsOrigins: origin });
    const answer = await named.server.inject(post);
    expect([answer.statusCode, answer.headers["access-control-allow-origin"]]).toEqual([200, origin]);
    expect(
      (await named.server.inject({ url: "/api/tasks", headers: { origin: "https://evil.example" } })).headers[
        "access-control-allow-origin"
      ],
    ).toBeUndefined();
    await using all = await guardedServer({ unauthenticatedApi: true, corsOrigins: "*" });
    expect((await all.server.inject({ url: "/api/tasks", headers: { origin } })).headers).toMatchObject({
      "access-control-allow-origin": "*",
    });
    expect((await all.server.inject(post)).statusCode).toBe(403);
  });
});

describe("changes", () => {
  it("are refused to all in read-only mode", async () => {
    await using guarded = await guardedServer({ unauthenticatedApi: true, readOnly: true });
    const revoke = await guarded.server.inject({ method: "POST", url: "/api/task/revoke/x" });
    expect([revoke.statusCode, revoke.body]).toEqual([403, "Read only mode is enabled"]);
    const send = await guarded.server.inject({ method: "POST", url: "/api/task/send-task/t" });
    expect([send.statusCode, send.body]).toEqual([403, ""]);
    for (const url of everyRead) expect((await guarded.server.inject(url)).statusCode).toBe(200);
  });

  it("have a rate, and sending tasks has none", async () => {
    await using guarded = await guardedServer({ unauthenticatedApi: true, changesPerMinute: 3 });
    const post = async (url: string) => (await guarded.server.inject({ method: "POST", url })).statusCode;
    for (let sent = 0; sent < 10; sent++) expect(await post("/api/task/send-task/t")).toBe(200);
    for (let changed = 0; changed < 3; changed++) expect(await post("/api/task/revoke/x")).toBe(200);
    expect(await post("/api/task/revoke/x")).toBe(429);
    await guarded.clock.advance(60_000);
    expect(await post("/api/task/revoke/x")).toBe(200);
  });

  it("are written down with what was sent, but for its secrets", async () => {
    await using guarded = await guardedServer({ basicAuth: "ann:p", redact: "iban" });
    await guarded.server.inject({
      method: "POST",
      url: "/api/task/send-task/a.b?x=1&password=hunter2",
      headers: basic("ann:p"),
      payload: { kwargs: { token: "t", iban: "DE1", n: 1 } },
    });
    expect(guarded.audited).toEqual([
      {
        at: guarded.clock.now() / 1000,
        user: "ann",
        address: "127.0.0.1",
        action: "apply",
        target: "a.b",
        refusal: null,
        details: { query: { x: "1", password: "********" }, body: '{"kwargs":{"token":"********","iban":"********","n":1}}' },
      },
    ]);
  });

  it("that are refused do not push out what was done", async () => {
    await using guarded = await guardedServer({ basicAuth: "ann:p" });
    for (let attempts = 0; attempts < 70; attempts++) await guarded.server.inject({ method: "POST", url: "/api/task/revoke/x" });
    expect(guarded.audited).toHaveLength(60);
  });
});

describe("every answer", () => {
  it.each(["/", "/api/tasks", "/healthcheck", "/nowhere", "/metrics"])("says what a browser may do with it: %s", async (url) => {
    await using guarded = await guardedServer({ basicAuth: "u:p" });
    for (const headers of [{}, basic("u:p")]) {
      const { headers: told } = await guarded.server.inject({ url, headers });
      expect(told).toMatchObject({ "x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "cache-control": "no-store" });
      expect(told["content-security-policy"]).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
      expect(told["content-security-policy"]).not.toContain("unsafe");
    }
  });
});
