import type { LightMyRequestResponse } from "fastify";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { github, gitlab, type Provider } from "../../../../packages/flower/src/server/security/providers.ts";
import { guardedServer } from "../../../support/monitor/guarded-server.ts";
import { clientId, clientSecret, type IdentityProvider, identityProvider } from "../../../support/monitor/identity-provider.ts";

let provider: IdentityProvider;
beforeAll(async () => {
  provider = await identityProvider();
});
afterAll(() => provider[Symbol.asyncDispose]());
beforeEach(() => Object.assign(provider, { claims: { email: "ann@example.com", email_verified: true }, api: {}, isReplaying: false }));

const options = (more: object = {}) => ({
  authProvider: "oidc",
  oidcIssuer: provider.url,
  oauth2Key: clientId,
  oauth2Secret: clientSecret,
  auth: ".*@example.com",
  ...more,
});

type Guarded = Awaited<ReturnType<typeof guardedServer>>;

function cookiesOf(...answers: readonly LightMyRequestResponse[]): string {
  return answers.flatMap(({ cookies }) => cookies.map(({ name, value }) => `${name}=${value}`)).join("; ");
}

/** To the provider and back, as a browser goes. */
async function logIn({ server }: Guarded, path = "/login", changes: Readonly<Record<string, string | null>> = {}) {
  const departure = await server.inject(path);
  const there = await fetch(String(departure.headers.location), { redirect: "manual" });
  const back = new URL(there.headers.get("location")!);
  for (const [name, value] of Object.entries(changes)) value === null ? back.searchParams.delete(name) : back.searchParams.set(name, value);
  const arrival = await server.inject({ url: `${back.pathname}${back.search}`, headers: { cookie: cookiesOf(departure) } });
  return { departure, back, arrival, cookie: cookiesOf(arrival) };
}

describe("a login through a provider of OpenID", () => {
  it("leads there and back, and lets in until the twelve hours are over", async () => {
    await using guarded = await guardedServer(options({ roles: "ann@example.com=operator" }));
    const page = await guarded.server.inject("/?a=1");
    expect([page.statusCode, page.headers.location]).toEqual([302, `/login?next=${encodeURIComponent("/?a=1")}`]);
    const { arrival, cookie } = await logIn(guarded, "/login?next=%2Fapi%2Fv2%2Ftasks%3Fa%3D1");
    expect([arrival.statusCode, arrival.headers.location]).toEqual([302, "/api/v2/tasks?a=1"]);
    const session = arrival.cookies.find(({ name }) => name === "flower-session");
    expect(session).toMatchObject({ httpOnly: true, sameSite: "Lax", path: "/", maxAge: 43_200 });
    const ask = async () => await guarded.server.inject({ url: "/api/v2/tasks", headers: { cookie } });
    expect((await ask()).json().asker).toEqual({ user: "ann@example.com", role: "operator", by: "session", readOnly: null });
    await guarded.clock.advance(12 * 3_600_000 + 1_000);
    expect((await ask()).statusCode).toBe(401);
  });

  it("asks with state, PKCE and a nonce, each another one each time", async () => {
    await using guarded = await guardedServer(options());
    await logIn(guarded);
    await logIn(guarded);
    const [first, second] = provider.asked.slice(-2);
    for (const name of ["state", "code_challenge", "nonce"]) {
      expect(first![name]!.length).toBeGreaterThan(40);
      expect(first![name]).not.toBe(second![name]);
    }
    expect(first).toMatchObject({ code_challenge_method: "S256", scope: "openid email", redirect_uri: "http://localhost/login" });
  });

  it.each<readonly [string, Readonly<Record<string, string | null>>]>([
    ["answer with another state", { state: "x" }],
    ["answer without one", { state: null }],
    ["code that the provider did not give", { code: "x" }],
    ["answer of somebody else", { iss: "https://evil.example" }],
    ["refusal", { code: null, error: "access_denied" }],
  ])("takes no %s", async (_what, changes) => {
    await using guarded = await guardedServer(options());
    const { arrival } = await logIn(guarded, "/login", changes);
    expect(arrival.statusCode).toBe(403);
    expect(arrival.cookies.map(({ name }) => name)).not.toContain("flower-session");
  });

  it("takes no token that was made for another login, nor one of another browser, nor one twice", async () => {
    await using guarded = await guardedServer(options());
    provider.isReplaying = true;
    expect((await logIn(guarded)).arrival.statusCode).toBe(403);
    provider.isReplaying = false;
    const { back, arrival, departure } = await logIn(guarded);
    expect(arrival.statusCode).toBe(302);
    const again = (cookie: string) => guarded.server.inject({ url: `${back.pathname}${back.search}`, headers: { cookie } });
    expect((await again("")).statusCode).toBe(403);
    expect((await again(cookiesOf(departure))).statusCode).toBe(403);
    expect((await again(cookiesOf(await guarded.server.inject("/login")))).statusCode).toBe(403);
  });

  it.each([
    ["has not verified the address", { email: "ann@example.com", email_verified: false }, 403],
    ["says nothing of it", { email: "ann@example.com" }, 403],
    ["knows another one", { email: "ann@example.com.evil.example", email_verified: true }, 403],
    ["knows none", {}, 403],
    ["knows it in capitals", { email: "Ann@Example.com", email_verified: true }, 302],
  ])("asks %s", async (_what, claims, status) => {
    await using guarded = await guardedServer(options());
    provider.claims = claims;
    expect((await logIn(guarded)).arrival.statusCode).toBe(status);
  });

  it("asks for the address where the token has none", async () => {
    await using guarded = await guardedServer(options());
    Object.assign(provider, { claims: {}, api: { "/userinfo": { email: "ann@example.com", email_verified: true } } });
    expect((await logIn(guarded)).arrival.statusCode).toBe(302);
  });

  it.each([
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "/%0d%0aSet-Cookie:x=1",
    "javascript:alert(1)",
    "/.//evil.example",
    "",
  ])("leads nowhere else: %s", async (next) => {
    await using guarded = await guardedServer(options({ urlPrefix: "flower" }));
    const { arrival } = await logIn(guarded, `/flower/login?next=${encodeURIComponent(next)}`);
    expect(arrival.statusCode).toBe(302);
    expect(new URL(String(arrival.headers.location), "http://localhost").host).toBe("localhost");
    expect(arrival.cookies.map(({ name }) => name).sort()).toEqual(["flower-login", "flower-session"]);
  });

  it("needs its header for changes, so that no form of others can make them", async () => {
    await using guarded = await guardedServer(options());
    const { cookie } = await logIn(guarded);
    const post = async (headers: object) =>
      (await guarded.server.inject({ method: "POST", url: "/api/v2/tasks/x/revoke", headers: { cookie, ...headers } })).statusCode;
    expect([await post({}), await post({ "x-requested-with": "fetch" })]).toEqual([403, 200]);
  });

  it("ends", async () => {
    await using guarded = await guardedServer(options());
    const { cookie } = await logIn(guarded);
    const out = await guarded.server.inject({ method: "POST", url: "/logout", headers: { cookie, "x-requested-with": "fetch" } });
    expect([out.statusCode, out.cookies[0]?.value, out.cookies[0]?.maxAge]).toEqual([204, "", 0]);
  });

  it("is no longer one when the list of those who may has changed, and not one of another monitor", async () => {
    await using guarded = await guardedServer(options({ cookieSecret: "s" }));
    const { cookie } = await logIn(guarded);
    const status = async (more: object) => {
      await using other = await guardedServer(options(more));
      return (await other.server.inject({ url: "/api/v2/tasks", headers: { cookie } })).statusCode;
    };
    expect([
      await status({ cookieSecret: "s" }),
      await status({ cookieSecret: "s", auth: "bob@example.com" }),
      await status({ cookieSecret: "t" }),
    ]).toEqual([200, 401, 401]);
  });

  it("has a cookie over TLS that nobody beside it can set", async () => {
    await using guarded = await guardedServer(options({ xheaders: true }));
    const { headers } = await guarded.server.inject({ url: "/login", headers: { "x-forwarded-proto": "https" } });
    expect(headers["set-cookie"]).toMatch(/^__Host-flower-login=\S+; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
  });

  it("says so when the provider cannot be reached, and tries again", async () => {
    const other = await identityProvider();
    await using guarded = await guardedServer(options({ oidcIssuer: other.url }));
    await other[Symbol.asyncDispose]();
    const answer = await guarded.server.inject("/login");
    expect([answer.statusCode, answer.body]).toEqual([502, expect.stringContaining("cannot be reached")]);
  });
});

describe("a login through", () => {
  const through = async (named: Provider) => {
    await using guarded = await guardedServer(options(), named);
    const { arrival, cookie } = await logIn(guarded);
    if (arrival.statusCode !== 302) return arrival.statusCode;
    return (await guarded.server.inject({ url: "/api/v2/tasks", headers: { cookie } })).json().asker.user;
  };

  it("GitHub takes a verified address of the user", async () => {
    const named = github("github.com", provider.url, provider.url);
    provider.api["/user/emails"] = [
      { email: "ann@elsewhere.example", verified: true },
      { email: "bob@example.com", verified: false },
      { email: "Ann@example.com", verified: true },
    ];
    expect(await through(named)).toBe("ann@example.com");
    provider.api["/user/emails"] = [{ email: "bob@example.com", verified: false }];
    expect(await through(named)).toBe(403);
    expect(provider.asked.at(-1)).toMatchObject({ scope: "user:email" });
  });

  it("GitLab takes a confirmed address, of a member of a group where one is named", async () => {
    const user = { email: "ann@example.com", confirmed_at: "2026-01-01T00:00:00Z" };
    provider.api["/api/v4/user"] = user;
    provider.api["/api/v4/groups"] = [{ full_path: "ops/db" }];
    expect(await through(gitlab("gitlab.com", [], 20, provider.url))).toBe("ann@example.com");
    expect(await through(gitlab("gitlab.com", ["ops/db"], 20, provider.url))).toBe("ann@example.com");
    expect(await through(gitlab("gitlab.com", ["ops"], 20, provider.url))).toBe(403);
    provider.api["/api/v4/user"] = { ...user, confirmed_at: null };
    expect(await through(gitlab("gitlab.com", [], 20, provider.url))).toBe(403);
  });

  it.each([
    ["google", {}, "Google"],
    ["flower.views.auth.GoogleAuth2LoginHandler", {}, "Google"],
    ["flower.views.auth.GithubLoginHandler", {}, "GitHub"],
    ["flower.views.auth.GitLabLoginHandler", {}, "GitLab"],
    ["flower.views.auth.OktaLoginHandler", { oauth2OktaBaseUrl: "https://x.okta.com/oauth2/default" }, "Okta"],
  ])("%s is offered by its name", async (authProvider, more, title) => {
    await using guarded = await guardedServer(options({ authProvider, ...more, unauthenticatedApi: true, basicAuth: "u:p" }));
    const authorization = `Basic ${Buffer.from("u:p").toString("base64")}`;
    expect((await guarded.server.inject({ url: "/", headers: { authorization } })).json().logins).toEqual([
      { title: `Log in with ${title}`, href: "/login" },
    ]);
  });

  it("nobody is where no provider is named", async () => {
    await using guarded = await guardedServer({ apiTokens: `ci:${"t".repeat(40)}` });
    expect((await guarded.server.inject("/login")).statusCode).toBe(404);
  });

  it("a password is asked for where there is nothing else, and leads back to the page", async () => {
    await using guarded = await guardedServer({ basicAuth: "u:p", urlPrefix: "flower" });
    const login = (pair?: string, next = "") => {
      const headers = pair === undefined ? {} : { authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
      return guarded.server.inject({ url: `/flower/login${next}`, headers });
    };
    for (const refused of [await login(), await login("u:wrong")])
      expect([refused.statusCode, refused.headers["www-authenticate"]]).toEqual([401, 'Basic realm="flower"']);
    const back = async (next?: string) => {
      const { statusCode, headers } = await login("u:p", next);
      return [statusCode, headers.location];
    };
    expect(await back()).toEqual([302, "/flower/"]);
    expect(await back("?next=%2Fflower%2Ftask%2Fa")).toEqual([302, "/flower/task/a"]);
    expect(await back("?next=%2F%2Felsewhere.example")).toEqual([302, "/flower/"]);
  });
});
