/** The cases of Airflow's own tests of `Connection.from_uri`, and what of its forms we refuse. */
import { describe, expect, it } from "vitest";
import type { Connection } from "../../../../../packages/airflow-bridge/src/dag/connections/connection.ts";
import { readConnection } from "../../../../../packages/airflow-bridge/src/dag/connections/read-connection.ts";

const none = { id: "c", type: "type", host: null, login: null, password: null, port: null, schema: null, extra: {} };

function read(text: string): Connection {
  return readConnection("c", text, "AIRFLOW_CONN_C");
}

describe("a URI", () => {
  it.each<[string, Partial<Connection>]>([
    ["type://user:pass@host:100/schema", { login: "user", password: "pass", host: "host", port: 100, schema: "schema" }],
    ["type://host", { host: "host" }],
    ["type://", {}],
    ["type://host/schema?param1=val1&param2=val2", { host: "host", schema: "schema", extra: { param1: "val1", param2: "val2" } }],
    ["type://us%3Aer:p%40s%2Fs%25@h%2Fost/sch%2Fema", { login: "us:er", password: "p@s/s%", host: "h/ost", schema: "sch/ema" }],
    ["type://user:p@ss:w@host", { login: "user", password: "p@ss:w", host: "host" }],
    ["type://:secret@host", { password: "secret", host: "host" }],
    ["type://user@host", { login: "user", host: "host" }],
    ["type://@:8080", { port: 8080 }],
    ["type://[2001:DB8::1]:5432/", { host: "2001:db8::1", port: 5432 }],
    ["type://HOST.example", { host: "host.example" }],
    ["type://%2Fcloudsql%2FProj%3Azone", { host: "/cloudsql/Proj:zone" }],
    ["type:///abs/path", { schema: "abs/path" }],
    ["type://h?namespace=kube+name&empty=&pass=a%26b#left", { host: "h", extra: { namespace: "kube name", empty: "", pass: "a&b" } }],
    ["type://h?__extra__=%7B%22ssl%22%3A+%7B%22ca%22%3A+1%7D%7D", { host: "h", extra: { ssl: { ca: 1 } } }],
    ["type://h/?endpoint=https%3A%2F%2Fx", { host: "h", extra: { endpoint: "https://x" } }],
    [
      "spark://k8s://100.68.0.1:443?deploy-mode=cluster",
      { type: "spark", host: "k8s://100.68.0.1", port: 443, extra: { "deploy-mode": "cluster" } },
    ],
    [
      "type://protocol://user:pass@host:123?param=value",
      { host: "protocol://host", login: "user", password: "pass", port: 123, extra: { param: "value" } },
    ],
    ["postgresql://h", { type: "postgres", host: "h" }],
    ["google-cloud-platform://", { type: "google_cloud_platform" }],
    ["  type://user%zz@h  ", { login: "user%zz", host: "h" }],
  ])("%s", (uri, parts) => {
    expect(read(uri)).toEqual({ ...none, ...parts });
  });

  it.each([
    ["host:5432/schema", "it is neither a URI"],
    ["type://user:s3cr3t/x@host/db", "percent-encoded"],
    ["type://user:s3cr3t#x@host/db", "percent-encoded"],
    ["type://user:s3cr3t@protocol://host:1", "percent-encoded"],
    ["a://b://c://s3cr3t", "percent-encoded"],
    ["type://h:65536", "its port is above 65535"],
    ["type://h?__extra__=s3cr3t", "its extra is no JSON: look at line 1, column 1 of it"],
    ["type://h?__extra__=[]", "its extra is JSON, but no object"],
  ])("is refused where it cannot be told what is what: %s", (uri, reason) => {
    expect(() => read(uri)).toThrow(expect.objectContaining({ code: "DAG_CONNECTION_INVALID", message: expect.stringContaining(reason) }));
    expect(() => read(uri)).toThrow(/^AIRFLOW_CONN_C cannot be read as a connection: (?!.*s3cr3t)/);
  });
});

describe("a JSON object", () => {
  it("has Airflow's fields, of which any may be left out", () => {
    const all = { conn_type: "postgresql", host: "h", login: "u", password: "p", port: 5432, schema: "s", extra: { a: [1] } };
    expect(read(JSON.stringify(all))).toEqual({
      id: "c",
      type: "postgres",
      host: "h",
      login: "u",
      password: "p",
      port: 5432,
      schema: "s",
      extra: { a: [1] },
    });
    expect(read("{}")).toEqual({ ...none, type: "generic" });
    const exported = { conn_type: "http", description: "x", host: null, login: "", port: "80", extra: '{"b": 2}' };
    expect(read(`\n ${JSON.stringify(exported)}`)).toEqual({ ...none, type: "http", port: 80, extra: { b: 2 } });
    expect(read('{"extra_dejson": {"b": 2}, "conn_id": "c"}')).toEqual({ ...none, type: "generic", extra: { b: 2 } });
  });

  it("is frozen, as one of a URI is", () => {
    expect(() => Object.assign(read("{}"), { password: "x" })).toThrow(TypeError);
    expect(() => Object.assign(read("type://h?a=1").extra, { a: 2 })).toThrow(TypeError);
  });

  it.each([
    ['{"password": "s3cr3t",\n "host" "h"}', "it is no JSON: look at line 2, column 9"],
    ['{"password": ["s3cr3t"]}', "its password is no text"],
    ['{"passwort": "s3cr3t"}', 'it has an unknown field "passwort": did you mean password?'],
    ['{"conn_id": "d"}', 'its conn_id is another one: "d"'],
    ['{"port": "s3cr3t"}', "its port is no number from 0 to 65535"],
    ['{"port": 70000}', "its port is no number from 0 to 65535"],
    ['{"extra": "s3cr3t"}', "its extra is no JSON: look at line 1, column 1 of it"],
    ['{"extra": 1}', "its extra is no JSON object"],
  ])("is refused with its reason, and nothing of its text: %s", (text, reason) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: "DAG_CONNECTION_INVALID", message: expect.stringContaining(reason) }));
    expect(() => read(text)).toThrow(/^(?!.*s3cr3t)/s);
  });
});
