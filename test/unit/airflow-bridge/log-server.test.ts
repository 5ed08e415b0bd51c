/** The log server, asked with tokens that real Airflows have signed. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { dirname, join } from "node:path";
import { SignJWT } from "jose";
import { afterAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type LogServerOptions, openLogServer } from "../../../packages/airflow-bridge/src/airflow/log-server.ts";
import { type Logger, silentLogger } from "../../../packages/core/src/logger.ts";
import { createFakeClock } from "../../support/fake-clock.ts";
import { temporaryDirectory } from "../../support/private-process.ts";

interface Tokens {
  readonly airflow: string;
  readonly key: string;
  readonly filename: string;
  readonly claims: { readonly iat: number; readonly exp: number };
  readonly good: string;
  readonly outside: string;
  readonly otherKey: string;
  readonly otherAudience: string;
  readonly otherFile: string;
}

const golden = JSON.parse(readFileSync(new URL("../../golden/airflow/log-tokens.json", import.meta.url), "utf8")) as readonly Tokens[];
const folder = temporaryDirectory("log-server");
const logs = join(folder.path, "logs");
const text = "hello\ngrüße\n";
afterAll(() => folder.remove());

for (const { filename } of golden) {
  mkdirSync(dirname(join(logs, filename)), { recursive: true });
  writeFileSync(join(logs, filename), text);
}
writeFileSync(join(folder.path, "outside.log"), "secret");
symlinkSync(join(folder.path, "outside.log"), join(logs, "link.log"));
writeFileSync(join(logs, "empty.log"), "");

describe.each(golden)("the log server, asked by Airflow $airflow", (tokens) => {
  const { filename, key, claims } = tokens;
  const refusals: unknown[] = [];
  const logger: Logger = { ...silentLogger, warn: (_, fields) => refusals.push((fields as { readonly reason: string }).reason) };
  beforeEach(() => refusals.splice(0));

  async function opened(more: Partial<LogServerOptions> = {}, afterIssueS = 1) {
    const clock = createFakeClock((claims.iat + afterIssueS) * 1_000);
    const options = { folder: logs, secretKeys: [key], clockGraceMs: 30_000, address: "127.0.0.1:0", clock, logger };
    const server = await openLogServer({ ...options, ...more });
    onTestFinished(() => server.close());
    return (path: string, token: string | null, method = "GET") => ask(server.port, path, token, method);
  }
  const sign = (payload: object) =>
    new SignJWT({ aud: "task-instance-logs", iat: claims.iat, nbf: claims.iat, exp: claims.exp, ...payload })
      .setProtectedHeader({ alg: "HS512" })
      .sign(new TextEncoder().encode(key));

  it("serves the file that the token is for, as it was written and as addresses are encoded", async () => {
    const get = await opened();
    expect(await get(`/log/${filename}`, tokens.good)).toEqual({ status: 200, body: text });
    expect(await get(`/log/${filename.split("/").map(encodeURIComponent).join("/")}`, tokens.good)).toEqual({ status: 200, body: text });
    expect(await get(`/log/${filename}`, tokens.good, "HEAD")).toEqual({ status: 200, body: "" });
    expect(await get("/log/empty.log", await sign({ filename: "empty.log" }))).toEqual({ status: 200, body: "" });
  });

  it("takes the key of either version", async () => {
    const get = await opened({ secretKeys: ["of the other version", key] });
    expect(await get(`/log/${filename}`, tokens.good)).toMatchObject({ status: 200 });
  });

  it.each<[why: string, token: (given: Tokens) => string | null, reason: RegExp]>([
    ["without a token", () => null, /no token/],
    ["with one that is none", () => "let me in", /JWS|JWT|Compact/i],
    ["signed with another key", ({ otherKey }) => otherKey, /another secret key/],
    ["for another audience", ({ otherAudience }) => otherAudience, /"aud"/],
    ["for another file", ({ otherFile }) => otherFile, /another file/],
  ])("refuses one %s", async (_, token, reason) => {
    const get = await opened();
    expect(await get(`/log/${filename}`, token(tokens))).toEqual({ status: 403, body: "" });
    expect(refusals).toEqual([expect.stringMatching(reason)]);
  });

  it("refuses one that has expired, or is from the future, by more than clocks may differ", async () => {
    expect(await (await opened({}, 59))(`/log/${filename}`, tokens.good)).toMatchObject({ status: 200 });
    expect(await (await opened({}, 61))(`/log/${filename}`, tokens.good)).toMatchObject({ status: 403 });
    expect(await (await opened({}, -29))(`/log/${filename}`, tokens.good)).toMatchObject({ status: 200 });
    expect(await (await opened({}, -31))(`/log/${filename}`, tokens.good)).toMatchObject({ status: 403 });
    const get = await opened();
    const later = await sign({ filename, nbf: claims.iat - 60, iat: claims.iat + 60, exp: claims.iat + 90 });
    expect(await get(`/log/${filename}`, later)).toMatchObject({ status: 403 });
  });

  it("serves nothing outside of its folder, whatever the token says", async () => {
    const get = await opened();
    expect(await get("/log/../outside.log", tokens.outside)).toMatchObject({ status: 403 });
    expect(await get("/log/%2e%2e/outside.log", tokens.outside)).toMatchObject({ status: 403 });
    expect(await get("/log/link.log", await sign({ filename: "link.log" }))).toMatchObject({ status: 403 });
    expect(await get("/log//etc/passwd", await sign({ filename: "/etc/passwd" }))).toMatchObject({ status: 404 });
  });

  it("has nothing elsewhere, no folders, and takes nothing", async () => {
    const get = await opened();
    expect(await get("/", tokens.good)).toMatchObject({ status: 404 });
    expect(await get("/log/%E0%A4%A", tokens.good)).toMatchObject({ status: 404 });
    expect(await get("/log/none.log", await sign({ filename: "none.log" }))).toMatchObject({ status: 404 });
    expect(await get("/log/dag_id=etl", await sign({ filename: "dag_id=etl" }))).toMatchObject({ status: 404 });
    expect(await get(`/log/${filename}`, tokens.good, "PUT")).toMatchObject({ status: 405 });
  });

  it("refuses everything without a key, and says which", async () => {
    const get = await opened({ secretKeys: [] });
    expect(await get(`/log/${filename}`, tokens.good)).toMatchObject({ status: 403 });
    expect(refusals).toEqual([expect.stringContaining("[api] secret_key")]);
  });
});

it("says where it cannot listen", async () => {
  const options = { folder: logs, secretKeys: [], clockGraceMs: 0, clock: createFakeClock(), logger: silentLogger };
  const first = await openLogServer({ ...options, address: "127.0.0.1:0" });
  const second = openLogServer({ ...options, address: `127.0.0.1:${first.port}` });
  await expect(second).rejects.toMatchObject({ code: "AIRFLOW_LOG_SERVER", message: expect.stringContaining("EADDRINUSE") });
  await first.close();
  await first.close();
});

function ask(
  port: number,
  path: string,
  token: string | null,
  method: string,
): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    // fetch would follow the dots of a path by itself.
    const asked = request({ port, path, method, headers: token === null ? {} : { authorization: token } }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        body += part;
      });
      response.on("end", () => resolve({ status: response.statusCode!, body }));
    });
    asked.on("error", reject).end();
  });
}
