/** What all routes of the monitor have in common, and where it listens. */
import { statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { expect, it, onTestFinished } from "vitest";
import { createApp, runtimeOf } from "../../../packages/core/src/app.ts";
import { silentLogger } from "../../../packages/core/src/logger.ts";
import { Refusal, type RefusalForm } from "../../../packages/flower/src/server/access.ts";
import { addressOf, listen } from "../../../packages/flower/src/server/listening.ts";
import { type MonitorOptions, resolveMonitorOptions } from "../../../packages/flower/src/server/options.ts";
import { argumentsOf, jsonOf } from "../../../packages/flower/src/server/request-body.ts";
import { createSecurity } from "../../../packages/flower/src/server/security/security.ts";
import { createServer, sendJson } from "../../../packages/flower/src/server/server.ts";

const config = (refusal: RefusalForm = "text") => ({ config: { access: { kind: "api", action: null, refusal } as const } });

const routes = (server: FastifyInstance) => {
  server.get("/value", config(), (_request, reply) => sendJson(reply, { text: "</script>" }));
  server.post("/arguments/*", config(), async (request, reply) => {
    const given = await argumentsOf(request);
    const { "*": tail } = request.params as { "*": string };
    return sendJson(reply, {
      tail,
      n: given.whole("n") ?? 1,
      isYes: given.boolean("yes", false),
      queue: given.text("queue"),
      ip: request.ip,
    });
  });
  server.post("/json", config("empty"), (request, reply) => sendJson(reply, jsonOf(request)));
  server.get("/refused", config("json"), () => {
    throw new Refusal(404, "Unknown worker '<b>'");
  });
  server.get("/refused-text", config(), () => {
    throw new Refusal(404, "Unknown worker '<b>'");
  });
};

function open(options: MonitorOptions = {}) {
  const app = createApp("shop", { broker: "memory://server-test" });
  const given = resolveMonitorOptions({ unauthenticatedApi: true, ...options });
  const runtime = runtimeOf(app)!;
  const shared = { options: given, logger: silentLogger, clock: runtime.clock };
  const security = createSecurity({ ...shared, note: async () => {} });
  const parts = { app, runtime, ...shared, security };
  const server = createServer(parts, [routes]);
  onTestFinished(() => server.close());
  return { server, given };
}

it("marks JSON with an ETag, and answers 304 where it is known", async () => {
  const { server } = open();
  const first = await server.inject("/value");
  expect(first).toMatchObject({ statusCode: 200, body: '{"text":"<\\/script>"}' });
  expect(first.headers["content-type"]).toBe("application/json; charset=UTF-8");
  const again = await server.inject({ url: "/value", headers: { "if-none-match": first.headers["etag"] as string } });
  expect(again).toMatchObject({ statusCode: 304, body: "" });
  expect(await server.inject({ method: "HEAD", url: "/value" })).toMatchObject({ statusCode: 200, body: "" });
  expect(await server.inject({ method: "OPTIONS", url: "/value" })).toMatchObject({ statusCode: 204, body: "" });
});

it("reads arguments from query and form, of which the last counts, and decodes the end of a path", async () => {
  const { server } = open();
  const form = { "content-type": "application/x-www-form-urlencoded" };
  const answer = await server.inject({
    method: "POST",
    url: "/arguments/a%40b%2Fc%25?n=1&yes=on",
    headers: form,
    payload: "n=7&queue=x+y",
  });
  expect(answer.json()).toEqual({ tail: "a@b/c%", n: 7, isYes: true, queue: "x y", ip: "127.0.0.1" });
  const bad = await server.inject({ method: "POST", url: "/arguments/w", headers: form, payload: "n=many" });
  expect(bad).toMatchObject({ statusCode: 400, body: "Invalid argument 'many' of type 'int'" });
  const multipart = '--a-boundary\r\nContent-Disposition: form-data; name="queue"\r\n\r\nextra\r\n--a-boundary--\r\n';
  const type = { "content-type": "multipart/form-data; boundary=a-boundary" };
  expect((await server.inject({ method: "POST", url: "/arguments/w", headers: type, payload: multipart })).json()).toMatchObject({
    queue: "extra",
  });
});

it("reads JSON under any content type", async () => {
  const { server } = open();
  for (const type of ["application/x-www-form-urlencoded", "application/json", "text/plain"]) {
    const answer = await server.inject({ method: "POST", url: "/json", headers: { "content-type": type }, payload: '{"args":[1,2]}' });
    expect(answer.json()).toEqual({ args: [1, 2] });
  }
  expect(await server.inject({ method: "POST", url: "/json", payload: "{" })).toMatchObject({ statusCode: 400, body: "" });
  expect(await server.inject({ method: "POST", url: "/json", payload: "x".repeat(1_048_577) })).toMatchObject({ statusCode: 413 });
});

it("refuses in the form of the route, and never as markup", async () => {
  const { server } = open();
  expect(await server.inject("/refused")).toMatchObject({ statusCode: 404, body: `{"error":"Unknown worker '<b>'"}` });
  expect(await server.inject("/refused-text")).toMatchObject({ statusCode: 404, body: "Unknown worker '&lt;b&gt;'" });
});

it("serves below its prefix, and nothing at the root", async () => {
  const { server } = open({ urlPrefix: "flower" });
  expect(await server.inject("/value")).toMatchObject({ statusCode: 404 });
  expect(await server.inject("/flower/value")).toMatchObject({ statusCode: 200 });
});

it("believes a proxy where it is told to", async () => {
  const ask = async (options: MonitorOptions) => {
    const headers = { "x-real-ip": "10.1.2.3" };
    return (await open(options).server.inject({ method: "POST", url: "/arguments/w", headers })).json().ip;
  };
  expect(await ask({})).toBe("127.0.0.1");
  expect(await ask({ xheaders: true })).toBe("10.1.2.3");
});

it("refuses a route that does not say whom it is for", () => {
  const app = createApp("shop", { broker: "memory://server-test" });
  const shared = { options: resolveMonitorOptions({}), logger: silentLogger, clock: runtimeOf(app)!.clock };
  const parts = {
    app,
    runtime: runtimeOf(app)!,
    ...shared,
    security: createSecurity({ ...shared, note: async () => {} }),
  };
  const server = createServer(parts, [(below) => below.get("/open", () => "")]);
  return expect(server.ready()).rejects.toThrow("/open does not say whom it is for");
});

it("listens on a Unix socket, for its owner and group alone, and takes the place of one that is dead", async () => {
  const folder = await mkdtemp(join(tmpdir(), "celeriac-flower-socket-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "flower.sock");
  for (let round = 0; round < 2; round++) {
    const { server, given } = open({ unixSocket: path });
    expect(await listen(server, given, undefined)).toBe(`unix:${path}`);
    expect(statSync(path).mode & 0o777).toBe(0o660);
    const status = await new Promise((resolve) =>
      request({ socketPath: path, path: "/value" }, (answer) => resolve(answer.statusCode)).end(),
    );
    expect(status).toBe(200);
    const { server: second } = open({ unixSocket: path });
    await expect(listen(second, given, undefined)).rejects.toMatchObject({ code: "MONITOR_LISTEN" });
    await server.close();
  }
});

it("is open to this machine alone until a login is configured, or somebody asks for more", () => {
  const address = (options: MonitorOptions, hasLogin = false) => addressOf(resolveMonitorOptions(options), hasLogin);
  expect(address({})).toBe("127.0.0.1");
  expect(address({}, true)).toBeUndefined();
  expect(address({ unauthenticatedApi: true })).toBeUndefined();
  expect(address({ allowInsecureBind: true })).toBeUndefined();
  expect(address({ address: "10.0.0.1" })).toBe("10.0.0.1");
});

it("says which port is taken", async () => {
  const { server, given } = open({ port: 0 });
  const url = new URL(await listen(server, given, "127.0.0.1"));
  expect(url.hostname).toBe("127.0.0.1");
  const other = open({ port: Number(url.port) });
  await expect(listen(other.server, other.given, "127.0.0.1")).rejects.toThrow("another process listens there, Flower perhaps");
});
