/** The built pages as the server gives them: one document below any prefix, files that may be kept for ever. */
import { expect, it, onTestFinished } from "vitest";
import { createApp, runtimeOf } from "../../../packages/core/src/app.ts";
import { silentLogger } from "../../../packages/core/src/logger.ts";
import { type MonitorOptions, resolveMonitorOptions } from "../../../packages/flower/src/server/options.ts";
import { pageRoutes } from "../../../packages/flower/src/server/routes/pages.ts";
import { createSecurity } from "../../../packages/flower/src/server/security/security.ts";
import { createServer } from "../../../packages/flower/src/server/server.ts";

function open(options: MonitorOptions = {}) {
  const app = createApp("shop", { broker: "memory://pages-test" });
  const given = resolveMonitorOptions({ unauthenticatedApi: true, ...options });
  const runtime = runtimeOf(app)!;
  const shared = { options: given, logger: silentLogger, clock: runtime.clock };
  const server = createServer({ app, runtime, ...shared, security: createSecurity({ ...shared, note: async () => {} }) }, [pageRoutes]);
  onTestFinished(() => server.close());
  return server;
}

const filesIn = (document: string) => [...document.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path!);

it("gives the same document for every page", async () => {
  const server = open();
  const { body: document, headers } = await server.inject("/");
  expect(headers["content-type"]).toBe("text/html; charset=UTF-8");
  expect(headers["cache-control"]).toBe("no-store");
  for (const url of ["/workers", "/worker/w1%40box", "/tasks?state=FAILURE", "/task/a%2Fb"])
    expect(await server.inject(url), url).toMatchObject({ statusCode: 200, body: document });
  expect(await server.inject("/dashboard")).toMatchObject({ statusCode: 302, headers: { location: "/workers" } });
  expect(await server.inject("/broker")).toMatchObject({ statusCode: 302, headers: { location: "/" } });
});

it("holds nothing that the policy forbids: neither a script nor a style of its own", async () => {
  const { body } = await open().inject("/");
  expect(body).not.toMatch(/<script(?![^>]*src=)|<style|\sstyle=|\son[a-z]+=/);
});

it("names only files that are there, may be kept for ever, and come compressed", async () => {
  const server = open();
  const files = filesIn((await server.inject("/")).body);
  expect(files.length).toBeGreaterThan(2);
  for (const url of files) {
    const plain = await server.inject(url);
    expect(plain, url).toMatchObject({ statusCode: 200, headers: { "cache-control": "public, max-age=31536000, immutable" } });
    const packed = await server.inject({ url, headers: { "accept-encoding": "gzip" } });
    expect(packed.headers["content-encoding"], url).toBe("gzip");
    expect(packed.rawPayload.length).toBeLessThan(plain.rawPayload.length);
  }
  expect((await server.inject("/assets/none.js")).statusCode).toBe(404);
  expect((await server.inject("/assets/..%2findex.html")).statusCode).toBeGreaterThanOrEqual(400);
});

it("stands below a prefix, with all its files", async () => {
  const server = open({ urlPrefix: "flower" });
  expect((await server.inject("/")).statusCode).toBe(404);
  const { body } = await server.inject("/flower/tasks");
  expect(body).toContain('<meta name="celeriac-prefix" content="/flower"');
  for (const url of filesIn(body)) expect(await server.inject(url), url).toMatchObject({ statusCode: 200 });
  expect(await server.inject("/flower/dashboard")).toMatchObject({ statusCode: 302, headers: { location: "/flower/workers" } });
});
