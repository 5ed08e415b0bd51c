/** What Airflow 3.x exports, and what is done with it. */
import { describe, expect, it } from "vitest";
import { keepImported } from "../../../../../packages/airflow-bridge/src/dag/acts/keep-connections.ts";
import { connectionOf } from "../../../../../packages/airflow-bridge/src/dag/connections/connection.ts";
import { readImport } from "../../../../../packages/airflow-bridge/src/dag/connections/import-file.ts";
import { openMemoryStore } from "../../../../support/dag/stage.ts";

const exported = {
  warehouse: {
    ...{ conn_type: "postgres", description: "x", login: "u", password: "s3cr3t", host: "h", port: 5432, schema: "s" },
    extra: '{"sslmode": "require"}',
  },
  api: { conn_type: "http", description: null, login: null, password: null, host: "https://h", port: null, schema: null, extra: null },
};
const read = [
  connectionOf("warehouse", {
    ...{ type: "postgres", login: "u", password: "s3cr3t", host: "h", port: 5432, schema: "s", extra: { sslmode: "require" } },
  }),
  connectionOf("api", { type: "http", host: "https://h" }),
];

describe("a file", () => {
  it("of connections is JSON, or .env with URIs or JSON", () => {
    expect(readImport("c.json", JSON.stringify(exported, null, 2), "auto")).toEqual({ kind: "connections", connections: read });
    const uris = "# all\n\nwarehouse=postgres://u:s3cr3t@h:5432/s?sslmode=require\r\napi=http://https://h\n";
    expect(readImport("c.env", uris, "auto")).toEqual({ kind: "connections", connections: read });
    const json = Object.entries(exported).map(([id, fields]) => `${id}=${JSON.stringify(fields)}`);
    expect(readImport("c.env", json.join("\n"), "auto")).toEqual({ kind: "connections", connections: read });
    expect(readImport("c.json", '{"api": "http://https://h"}', "connections")).toEqual({ kind: "connections", connections: read.slice(1) });
  });

  it("of variables is JSON, whose texts stay as they are", () => {
    const text = JSON.stringify({
      region: "eu",
      n: 3,
      limits: { rows: 1 },
      told: { value: "x", description: "why" },
      whole: { value: [1] },
    });
    const variables = new Map([
      ...[["region", "eu"] as const, ["n", "3"] as const, ["limits", '{\n  "rows": 1\n}'] as const],
      ...[["told", "x"] as const, ["whole", "[\n  1\n]"] as const],
    ]);
    expect(readImport("v.json", text, "auto")).toEqual({ kind: "variables", variables });
    expect(readImport("v.env", "region=eu=1", "variables")).toEqual({ kind: "variables", variables: new Map([["region", "eu=1"]]) });
  });

  it.each([
    [
      "c.json",
      '{"a": {"conn_type": "x", "port": "s3cr3t"}}',
      "DAG_CONNECTION_INVALID",
      "c.json, a cannot be read as a connection: its port is",
    ],
    ["c.json", '{\n  "a": "s3cr3t",\n}', "DAG_IMPORT", "c.json is no JSON: look at line 3, column 1"],
    ["c.json", '["s3cr3t"]', "DAG_IMPORT", "c.json: expected an object"],
    ["c.json", '{"a": {"conn_type": "x"}, "b": "s3cr3t"}', "DAG_IMPORT", "say with --as what it is"],
    ["c.json", '{"a b": "s3cr3t"}', "DAG_IMPORT", "c.json, a b: a name has"],
    ["c.env", "a=http://h\ns3cr3t", "DAG_IMPORT", "c.env, line 2: expected NAME=VALUE"],
    ["c.env", "a=http://h\na=s3cr3t", "DAG_IMPORT", "c.env, line 2: a is there twice"],
    ["c.env", "a=s3cr3t", "DAG_CONNECTION_INVALID", "c.env, line 1 cannot be read as a connection: it is neither a URI"],
    ["c.yaml", "a:\n  password: s3cr3t", "DAG_IMPORT", "c.yaml is no JSON"],
  ])("%s is refused with the place, and nothing of its values: %s", (name, text, code, message) => {
    expect(() => readImport(name, text, "auto")).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }));
    expect(() => readImport(name, text, "auto")).toThrow(/^(?!.*s3cr3t)/s);
  });

  it("of connections is refused where one of them is none at all", () => {
    expect(() => readImport("c.json", '{"a": 1}', "connections")).toThrow(
      "c.json, a cannot be read as a connection: it is neither a URI nor an object",
    );
  });
});

describe("what the store has already", () => {
  const changed = connectionOf("api", { type: "http", host: "elsewhere" });
  const added = connectionOf("more", { type: "http" });

  it("stays as it is, unless it is to be overwritten", async () => {
    const store = await openMemoryStore();
    expect(await keepImported(store, { kind: "connections", connections: read }, false)).toMatchObject({ added: ["warehouse", "api"] });
    const next = { kind: "connections", connections: [read[0]!, changed, added] } as const;
    expect(await keepImported(store, next, false)).toEqual({ added: ["more"], changed: [], same: ["warehouse"], left: ["api"] });
    expect(await store.read(({ connections }) => connections.find("api"))).toEqual(read[1]);
    expect(await keepImported(store, next, true)).toEqual({ added: [], changed: ["api"], same: ["warehouse", "more"], left: [] });
    expect(await store.read(({ connections }) => connections.find("api"))).toEqual(changed);
  });

  it("does so of variables, too", async () => {
    const store = await openMemoryStore();
    const variables = (region: string) => ({ kind: "variables", variables: new Map([["region", region]]) }) as const;
    expect(await keepImported(store, variables("eu"), false)).toMatchObject({ added: ["region"] });
    expect(await keepImported(store, variables("us"), false)).toMatchObject({ left: ["region"] });
    expect(await keepImported(store, variables("us"), true)).toMatchObject({ changed: ["region"] });
    expect(await store.read(({ variables }) => variables.find("region"))).toBe("us");
  });
});
