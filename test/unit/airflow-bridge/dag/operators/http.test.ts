/** Requests as tasks, against a server that is there. */
import { createApp } from "@celeriac/core";
import { afterEach, expect, it, vi } from "vitest";
import type { DagBuilder } from "../../../../../packages/airflow-bridge/src/dag/definition/builder.ts";
import { dag } from "../../../../../packages/airflow-bridge/src/dag/definition/dag.ts";
import { type Asked, serve } from "../../../../support/dag/http-server.ts";

afterEach(() => vi.unstubAllEnvs());

async function tried<T>(build: (d: DagBuilder) => T) {
  const { port, asked } = await serve(({ url, method, body }, response) => {
    if (url === "/broken") response.writeHead(503).end(`down for ${"long ".repeat(200)}`);
    else if (url === "/void") response.writeHead(404).end();
    else if (url === "/hello") response.end("hello");
    else if (url === "/text") response.writeHead(200, { "content-type": "text/plain" }).end('{"a":1}');
    else if (url === "/none") response.writeHead(204, { "content-type": "application/json" }).end();
    else response.writeHead(200, { "content-type": "application/vnd.shop+json; charset=utf-8" }).end(JSON.stringify({ url, method, body }));
  });
  vi.stubEnv("AIRFLOW_CONN_API", `http://127.0.0.1:${port}`);
  let drawn: T | undefined;
  const etl = dag(createApp("shop", { broker: "memory://" }), "etl", {}, (d) => {
    drawn = build(d);
  });
  return { trial: await etl.test(), drawn: drawn!, asked, port };
}

it("asks with what other tasks gave, and gives the answer as JSON or text", async () => {
  const { trial, drawn, asked } = await tried((d) => {
    const id = d.task("id", () => "/orders/7")();
    const order = d.task("order", () => ({ pieces: 4 }))();
    return {
      json: d.http<Asked>("json", "api", { method: "PUT", path: id, body: order, headers: { "x-id": id } }),
      text: d.http("text", "api", { path: "text" }),
      read: d.http<{ a: number }>("read", "api", { path: "text", expect: "json" }),
      unread: d.http("unread", "api", { path: "x", method: "POST", body: "plain", expect: "text" }),
      none: d.http("none", "api", { path: "none" }),
    };
  });
  expect(trial.value(drawn.json)).toEqual({ url: "/orders/7", method: "PUT", body: '{"pieces":4}' });
  expect(trial.value(drawn.text)).toBe('{"a":1}');
  expect(trial.value(drawn.read)).toEqual({ a: 1 });
  expect(trial.value(drawn.unread)).toBe('{"url":"/x","method":"POST","body":"plain"}');
  expect(trial.value(drawn.none)).toBeUndefined();
  const put = asked.find(({ method }) => method === "PUT");
  expect(put?.headers).toMatchObject({ "content-type": "application/json", "x-id": "/orders/7" });
});

it("fails with the status and the begin of the answer, or where that is no JSON", async () => {
  const { trial, port } = await tried((d) => {
    for (const path of ["broken", "void"]) d.http(path, "api", { path });
    d.http("words", "api", { path: "broken", expect: "json" });
    d.http("no_json", "api", { path: "hello", expect: "json" });
    d.http("empty", "api", { path: "text", expect: "json", method: "HEAD" });
  });
  const at = `http://127.0.0.1:${port}`;
  expect(trial.instances.map(({ reason }) => reason)).toEqual([
    `GET ${at}/broken was answered 503: ${`down for ${"long ".repeat(200)}`.slice(0, 500)}`,
    `GET ${at}/void was answered 404`,
    expect.stringContaining("was answered 503"),
    `GET ${at}/hello was to be answered with JSON: hello`,
    null,
  ]);
});

it("refuses options that do not fit, and a handle within a body", async () => {
  await tried((d) => {
    const refused = expect.objectContaining({ code: "DAG_DEFINITION" });
    for (const options of [{ method: 1 }, { expect: "xml" }, { headers: [] }, { path: 7 }])
      expect(() => d.http("a", "api", options as never)).toThrow(refused);
    expect(() => d.http("a", "")).toThrow(refused);
    const n = d.task("n", () => 1)();
    expect(() => d.http("a", "api", { body: { n } })).toThrow(expect.objectContaining({ code: "DAG_HANDLE" }));
  });
});
