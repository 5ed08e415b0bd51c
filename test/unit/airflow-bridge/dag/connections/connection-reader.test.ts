import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { connectionOf } from "../../../../../packages/airflow-bridge/src/dag/connections/connection.ts";
import {
  type ConnectionReader,
  createConnectionReader,
  storedConnections,
} from "../../../../../packages/airflow-bridge/src/dag/connections/connection-reader.ts";
import { openMemoryStore } from "../../../../support/dag/stage.ts";

const folder = mkdtempSync(join(tmpdir(), "celeriac-connections-"));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(text: string): string {
  const path = join(folder, `${Math.random()}`);
  writeFileSync(path, text);
  return path;
}

/** Of an environment, over a store that has the connection `kept` and the variable `kept`. */
async function reader(environment: Readonly<Record<string, string>> = {}): Promise<ConnectionReader> {
  const store = await openMemoryStore();
  await store.write(async ({ connections, variables }) => {
    await connections.put(connectionOf("kept", { type: "http", host: "store", extra: { a: 1 } }));
    await variables.put("kept", "of the store");
  });
  return createConnectionReader(environment, storedConnections(store));
}

it("takes a connection from the environment, then from a file that it names, then from the store", async () => {
  const [uri, path] = ["http://environment", fileOf('{"host": "file"}\n')];
  const hostOf = async (environment: Readonly<Record<string, string>>) => (await (await reader(environment)).connection("kept")).host;
  expect(await hostOf({ AIRFLOW_CONN_KEPT: uri, AIRFLOW_CONN_KEPT_FILE: path })).toBe("environment");
  expect(await hostOf({ AIRFLOW_CONN_KEPT_FILE: path })).toBe("file");
  expect(await hostOf({ AIRFLOW_CONN_KEPT: "" })).toBe("store");
  const kept = await (await reader()).connection("kept");
  expect(kept).toEqual(connectionOf("kept", { type: "http", host: "store", extra: { a: 1 } }));
  expect(Object.isFrozen(kept)).toBe(true);
});

it("takes a variable in the same order, an empty one too", async () => {
  const path = fileOf("of the file\n");
  const textOf = async (environment: Readonly<Record<string, string>>) => await (await reader(environment)).variable("kept");
  expect(await textOf({ AIRFLOW_VAR_KEPT: "", AIRFLOW_VAR_KEPT_FILE: path })).toBe("");
  expect(await textOf({ AIRFLOW_VAR_KEPT_FILE: path })).toBe("of the file");
  expect(await textOf({})).toBe("of the store");
});

it("reads a variable as JSON, and gives what is to stand for one that is missing", async () => {
  const { variable } = await reader({ AIRFLOW_VAR_LIMITS: '{"rows": 3}', AIRFLOW_VAR_TEXT: "s3cr3t" });
  expect(await variable<{ rows: number }>("limits", { json: true })).toEqual({ rows: 3 });
  expect(await variable("limits")).toBe('{"rows": 3}');
  expect(await variable("nowhere", { fallback: "x" })).toBe("x");
  expect(await variable("nowhere", { json: true, fallback: [1] })).toEqual([1]);
  await expect(variable("text", { json: true, fallback: 1 })).rejects.toMatchObject({
    code: "DAG_VARIABLE_INVALID",
    message: 'The variable "text" is no JSON: look at line 1, column 1 of it',
  });
});

it("tells of what is missing which variable of the environment would supply it", async () => {
  const { connection, variable } = await reader();
  await expect(connection("my-db")).rejects.toMatchObject({
    code: "DAG_CONNECTION_MISSING",
    message: expect.stringContaining("AIRFLOW_CONN_MY-DB"),
  });
  await expect(variable("limit")).rejects.toMatchObject({
    code: "DAG_VARIABLE_MISSING",
    message: expect.stringContaining("AIRFLOW_VAR_LIMIT"),
  });
  await expect(connection("")).rejects.toMatchObject({ code: "DAG_CONNECTION_MISSING" });
  await expect(variable(7 as unknown as string)).rejects.toMatchObject({ code: "DAG_VARIABLE_MISSING" });
});

it("tells of a file that cannot be read, and of a connection that makes no sense", async () => {
  const { connection } = await reader({ AIRFLOW_CONN_A_FILE: join(folder, "nowhere"), AIRFLOW_CONN_B: "s3cr3t" });
  await expect(connection("a")).rejects.toMatchObject({ code: "CONFIG_FILE", message: expect.stringContaining("AIRFLOW_CONN_A_FILE") });
  await expect(connection("b")).rejects.toMatchObject({ message: expect.stringMatching(/^AIRFLOW_CONN_B cannot be read(?!.*s3cr3t)/) });
});
