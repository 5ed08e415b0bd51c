import { beforeEach, expect, it } from "vitest";
import { rotateFernetKey } from "../../../../../packages/airflow-bridge/src/dag/acts/rotate-fernet-key.ts";
import { connectionOf } from "../../../../../packages/airflow-bridge/src/dag/connections/connection.ts";
import { createFernet } from "../../../../../packages/airflow-bridge/src/dag/connections/fernet.ts";
import { sealedStore } from "../../../../../packages/airflow-bridge/src/dag/connections/sealed-store.ts";
import type { DagStore } from "../../../../../packages/airflow-bridge/src/dag/store/store.ts";
import { systemClock } from "../../../../../packages/core/src/clock.ts";
import { openMemoryStore } from "../../../../support/dag/stage.ts";

const [one, two] = [1, 2].map((fill) => `${Buffer.alloc(32, fill).toString("base64url")}=`);
const connection = connectionOf("db", { type: "postgres", host: "h", login: "me", password: "s3cr3t", extra: { token: "s3cr3t" } });

/** as it lies there */
let raw: DagStore;
beforeEach(async () => {
  raw = await openMemoryStore();
});

const under = (keys: string | null) => sealedStore(raw, keys === null ? null : createFernet(keys, systemClock));
const keep = (store: DagStore) =>
  store.write(async ({ connections, variables }) => {
    await connections.put(connection);
    await connections.put(connectionOf("bare", { type: "http" }));
    await variables.put("region", "s3cr3t");
  });
const read = (store: DagStore) =>
  store.read(async ({ connections, variables }) => ({
    db: await connections.find("db"),
    connections: await connections.all(),
    region: await variables.find("region"),
    variables: await variables.all(),
  }));
const whole = {
  db: connection,
  connections: [connectionOf("bare", { type: "http" }), connection],
  region: "s3cr3t",
  variables: new Map([["region", "s3cr3t"]]),
};

it("holds passwords, extras and variables encrypted, and gives them as they were", async () => {
  await keep(under(one!));
  expect(await read(under(one!))).toEqual(whole);
  const lies = await read(raw);
  expect(lies.db).toMatchObject({ type: "postgres", host: "h", login: "me", password: expect.stringMatching(/^fernet:gAAAAA/) });
  expect(JSON.stringify([lies.connections, lies.region, [...lies.variables]])).not.toContain("s3cr3t");
});

it("holds them as they are without a key, and reads those with one, too", async () => {
  await keep(under(null));
  expect(await read(raw)).toEqual(whole);
  expect(await read(under(one!))).toEqual(whole);
});

it("tells who does not have the key what is encrypted", async () => {
  await keep(under(one!));
  await expect(read(under(null))).rejects.toMatchObject({
    code: "DAG_FERNET_KEY",
    message: 'The connection "db" is encrypted in the store, and CELERIAC_DAG_FERNET_KEY is not set here',
  });
  await expect(under(two!).read(({ variables }) => variables.find("region"))).rejects.toMatchObject({ code: "DAG_FERNET_KEY" });
});

it("goes over to another key, at once or not at all", async () => {
  await keep(under(one!));
  await expect(rotateFernetKey(under(two!))).rejects.toMatchObject({ code: "DAG_FERNET_KEY" });
  expect(await rotateFernetKey(under(`${two},${one}`))).toEqual({ connections: 2, variables: 1 });
  expect(await read(under(two!))).toEqual(whole);
  await expect(read(under(one!))).rejects.toMatchObject({ code: "DAG_FERNET_KEY" });
});
