/** A PostgreSQL that goes, comes back, refuses or says nothing: every question ends, with an error that says why, and a wait goes on. */
import { randomUUID } from "node:crypto";
import { createApp } from "@celeriac/core";
import { createWorker } from "@celeriac/worker";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { ResultBackend, ResultRecord } from "../../packages/core/src/backend.ts";
import { createPostgresBackend, type PostgresBackendOptions } from "../../packages/core/src/backends/postgres.ts";
import { type Clock, systemClock } from "../../packages/core/src/clock.ts";
import { createPostgresCoordinator } from "../../packages/core/src/coordinators/postgres.ts";
import { programUrl } from "../support/built.ts";
import { driverContext } from "../support/driver-context.ts";
import { eventually } from "../support/eventually.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { readKeyTable } from "../support/key-table.ts";
import { cutPostgresConnections, postgresRows } from "../support/postgres-client.ts";
import { type PostgresServer, postgresPassword, startPostgres, urlOf } from "../support/postgres-server.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";

let server: PostgresServer;
let url: string;
let count = 0;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server?.stop());
beforeEach(async () => {
  await server.up();
  url = await server.database(`faults_${++count}`);
});

function openBackend(at = url, options: Partial<PostgresBackendOptions> = {}, clock: Clock = systemClock): ResultBackend {
  const backend = createPostgresBackend(at, driverContext({ clock }), { celeryTables: false, ...options });
  onTestFinished(() => backend.close());
  return backend;
}

function recordOf(change: Partial<ResultRecord> = {}): ResultRecord {
  const taskId = change.taskId ?? randomUUID();
  const text = JSON.stringify({ status: change.state ?? "SUCCESS", result: 1, task_id: taskId });
  return { taskId, state: "SUCCESS", attempt: 0, text, expiresMs: 60_000, replyTo: null, ...change };
}

const coded = (code: string, text = "") => expect.objectContaining({ code, message: expect.stringContaining(text) });
const away = { code: "BACKEND_UNREACHABLE", message: expect.not.stringContaining(postgresPassword) };

describe("a wait for a result in PostgreSQL", () => {
  it.each([
    ["whose connections were cut", () => cutPostgresConnections(url)],
    [
      "whose server was restarted",
      async () => {
        await server.down();
        await server.up();
      },
    ],
  ])("%s ends with the result", async (_, breakIt) => {
    const backend = openBackend();
    const record = recordOf();
    const texts: string[] = [];
    await backend.subscribe(record.taskId, (text) => texts.push(text));
    await breakIt();
    await eventually(() => backend.store(record));
    await eventually(() => expect(texts).toEqual([record.text]));
  });

  it("begun while the server is away ends with the result", async () => {
    const record = recordOf();
    await openBackend().store(record);
    await server.down();
    const texts: string[] = [];
    await openBackend().subscribe(record.taskId, (text) => texts.push(text));
    expect(texts).toEqual([]);
    await server.up();
    await eventually(() => expect(texts).toEqual([record.text]));
  });

  it("is told a result of which no notice came, within seconds", async () => {
    const clock = createFakeClock();
    const backend = openBackend(url, {}, clock);
    const record = recordOf();
    const texts: string[] = [];
    await backend.subscribe(record.taskId, (text) => texts.push(text));
    await postgresRows(
      url,
      "insert into celeriac_result (task_id, state, final, attempt, stamp, text) values ($1, 'SUCCESS', true, 0, nextval('celeriac_stamp'), $2)",
      [record.taskId, record.text],
    );
    expect(texts).toEqual([]);
    await clock.advance(5_000);
    await eventually(() => expect(texts).toEqual([record.text]));
  });
});

describe("a PostgreSQL server", () => {
  it("that is away is told so, at once, without its password", async () => {
    const backend = openBackend();
    await backend.connect();
    await server.down();
    for (const asked of [backend.store(recordOf()), backend.get("any"), backend.forget("any"), backend.health()])
      await expect(asked).rejects.toMatchObject(away);
    await expect(openBackend().connect()).rejects.toMatchObject(away);
    await server.up();
    await eventually(() => backend.health());
  });

  it("that says nothing more is not waited for, and asked again when it does", async () => {
    const proxy = await startTcpProxy(server.port);
    onTestFinished(() => proxy.close());
    const backend = openBackend(url.replace(`:${server.port}/`, `:${proxy.port}/`), { silentMs: 500 });
    await backend.connect();
    proxy.stall();
    await expect(backend.get("any")).rejects.toMatchObject(away);
    proxy.resume();
    await eventually(() => backend.health());
  });

  it("that refuses the password, or has no such database, says so", async () => {
    const wrong = url.replace(encodeURIComponent(postgresPassword), "wrong-word");
    await expect(openBackend(wrong).connect()).rejects.toEqual(coded("BACKEND_AUTH", "password authentication failed"));
    await expect(openBackend(urlOf(server.port, "absent")).connect()).rejects.toEqual(coded("BACKEND_REFUSED", 'database "absent"'));
  });

  it("that only reads refuses results and gives those it has", async () => {
    const record = recordOf();
    await openBackend().store(record);
    await postgresRows(url, `alter database faults_${count} set default_transaction_read_only = on`);
    const backend = openBackend();
    expect(await backend.get(record.taskId)).toBe(record.text);
    await expect(backend.store(recordOf())).rejects.toEqual(coded("BACKEND_REFUSED", "read-only transaction"));
    const empty = await server.database(`empty_${count}`);
    await postgresRows(empty, `alter database empty_${count} set default_transaction_read_only = on`);
    await expect(openBackend(empty).connect()).rejects.toEqual(coded("BACKEND_REFUSED", "read-only transaction"));
  });

  it("whose disk is full refuses results in its words, and takes them when there is room", async () => {
    const backend = openBackend();
    await backend.connect();
    // The server's own answer to a full disk, from a trigger in its place.
    await postgresRows(
      url,
      `create function full_disk() returns trigger language plpgsql as
       $$ begin raise exception 'could not extend file: No space left on device' using errcode = 'disk_full'; end $$`,
    );
    await postgresRows(url, "create trigger full_disk before insert on celeriac_result execute function full_disk()");
    const record = recordOf();
    await expect(backend.store(record)).rejects.toEqual(coded("BACKEND_REFUSED", "No space left on device"));
    await postgresRows(url, "drop trigger full_disk on celeriac_result");
    expect(await backend.store(record)).toBe("stored");
  });

  it("that lost our tables while they were in use gets them again", async () => {
    const backend = openBackend();
    await backend.store(recordOf());
    await postgresRows(url, "drop schema public cascade; create schema public");
    const record = recordOf();
    expect(await backend.store(record)).toBe("stored");
    expect(await backend.get(record.taskId)).toBe(record.text);
  });

  it("whose tables are newer than this code is left alone", async () => {
    await openBackend().connect();
    await postgresRows(url, "update celeriac_schema set version = version + 1");
    await expect(openBackend().connect()).rejects.toEqual(coded("BROKER_LAYOUT", "update Celeriac"));
    await expect(createPostgresCoordinator(url, driverContext()).now()).rejects.toEqual(coded("BROKER_LAYOUT"));
  });

  it("is made ready once by many who come at the same moment", async () => {
    const backends = Array.from({ length: 8 }, () => openBackend(url, { celeryTables: true }));
    await Promise.all(backends.map((backend) => backend.connect()));
    expect(await postgresRows(url, "select version from celeriac_schema")).toHaveLength(1);
  });

  it("is left with the tables of docs/internals.md, and no rows whose time is over", async () => {
    const coordinator = createPostgresCoordinator(url, driverContext());
    onTestFinished(() => coordinator.close());
    await openBackend(url, { celeryTables: true }).store(recordOf());
    await coordinator.lease("name", 60_000);
    const table = readKeyTable("PostgreSQL", []);
    const found = await postgresRows(
      url,
      "select relname, case relkind when 'r' then 'table' else 'sequence' end as kind from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'S')",
    );
    for (const { relname, kind } of found)
      expect(
        table.matches(String(relname)).map(({ row }) => row.type),
        String(relname),
      ).toEqual([kind]);
    expect(found).toHaveLength(table.rows.length);
  });
});

describe("a worker with its results in PostgreSQL", () => {
  it("stores what ended while the server was away, and whoever waits gets it", async () => {
    const app = createApp("away", { broker: `memory://${randomUUID()}`, backend: url });
    const add = app.task("memory.add", (x: number, y: number) => x + y);
    const source = { moduleUrl: programUrl("memory-app").href, appName: null };
    const worker = createWorker(app, { pool: "threads", concurrency: 1 }, { source });
    onTestFinished(async () => {
      await worker.stop();
      await app.close();
    });
    await worker.start();
    expect(await add.delay(1, 2).get()).toBe(3);
    await server.down();
    const sent = await add.delay(2, 3);
    const value = sent.get();
    await eventually(() => worker.stats().pool.executors.every(({ running }) => running.length === 0));
    await server.up();
    expect(await value).toBe(5);
  });
});

describe("the coordinator on a PostgreSQL server", () => {
  it("that is away says so, and goes on with the same leases when it is back", async () => {
    const coordinator = createPostgresCoordinator(url, driverContext());
    onTestFinished(() => coordinator.close());
    const lease = await coordinator.lease("name", 60_000);
    const slot = await coordinator.slots("key", 1);
    await server.down();
    await expect(coordinator.now()).rejects.toEqual(coded("BROKER_UNREACHABLE"));
    await server.up();
    await eventually(() => coordinator.now());
    expect(await lease!.renew()).toBe(true);
    expect(await coordinator.slots("key", 1)).toBeNull();
    expect(slot!.lost.aborted).toBe(false);
  });
});
