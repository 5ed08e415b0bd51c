/** Files of other versions, and files that are none. */
import { readFile, rm, writeFile } from "node:fs/promises";
import Database from "libsql";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createSqliteBackend } from "../../../../packages/core/src/backends/sqlite.ts";
import { createSqliteBroker } from "../../../../packages/core/src/brokers/sqlite.ts";
import { createSqliteCoordinator } from "../../../../packages/core/src/coordinators/sqlite.ts";
import { openConnection } from "../../../../packages/core/src/sqlite/connection.ts";
import { writeEnvelope } from "../../../../packages/core/src/sqlite/raw-envelope.ts";
import { migrate, schemaVersion } from "../../../../packages/core/src/sqlite/schema.ts";
import { consume, settle } from "../../../conformance/broker/world.ts";
import { driverContext } from "../../../support/driver-context.ts";
import { createEnvelope, idOf, publicationTo } from "../../../support/envelopes.ts";
import { eventually } from "../../../support/eventually.ts";
import { createSqliteFile, type SqliteFile } from "../../../support/sqlite-file.ts";

describe("the layout of the SQLite file", { timeout: 30_000 }, () => {
  let file: SqliteFile;
  beforeEach(async () => {
    file = await createSqliteFile();
  });
  afterEach(async () => {
    await file.remove();
  });

  function openAt(version: number) {
    const connection = openConnection(Database, file.path, { durability: "process" });
    migrate(connection, version);
    return connection;
  }

  const openBroker = () => createSqliteBroker(file.url, driverContext(), { resultUrl: null });

  test.each(Array.from({ length: schemaVersion }, (_, index) => index + 1))(
    "a file of version %i is brought up to date and keeps its messages",
    async (version) => {
      const old = openAt(version);
      const raw = writeEnvelope(createEnvelope({ id: "kept" }));
      old.query("insert into message (tag, queue, rank, waits_since, raw) values ('tag', 'old', 9, 0, ?)").run([raw]);
      old.close();
      expect(file.rows("select schema_version from celeriac")).toEqual([[version]]);
      const broker = openBroker();
      await broker.connect();
      const { inbox } = await consume(broker, "old");
      const delivery = await inbox.next();
      expect(idOf(delivery.envelope)).toBe("kept");
      await settle(delivery);
      const coordinator = createSqliteCoordinator(file.url, driverContext());
      expect(await coordinator.reserve("key", "owner", 1_000)).toBe("owner");
      expect(await coordinator.take("bucket", 1, { limit: 1, perMs: 1_000 })).toBe(0);
      expect(await coordinator.slots("key", 1)).not.toBeNull();
      await coordinator.close();
      await broker.close();
      expect(file.rows("select schema_version from celeriac")).toEqual([[schemaVersion]]);
    },
  );

  test("many who open a new file at once agree on one layout", async () => {
    const brokers = Array.from({ length: 6 }, () => createSqliteBroker(file.url, file.nextContext(), { resultUrl: null }));
    await Promise.all(brokers.map((broker) => broker.connect()));
    await Promise.all(brokers.map((broker) => broker.close()));
    expect(file.rows("select schema_version from celeriac")).toEqual([[schemaVersion]]);
  });

  test("a file of a newer version is refused and left alone", async () => {
    const newer = openAt(schemaVersion);
    newer.execute(`update celeriac set schema_version = ${schemaVersion + 1}`);
    newer.close();
    await expect(openBroker().connect()).rejects.toMatchObject({ code: "BROKER_LAYOUT" });
    await expect(createSqliteBackend(file.url, driverContext()).connect()).rejects.toMatchObject({ code: "BROKER_LAYOUT" });
    expect(file.rows("select schema_version from celeriac")).toEqual([[schemaVersion + 1]]);
  });

  test("a file that is no database is refused and left as it is", async () => {
    const text = "this is not a database at all\n".repeat(500);
    await writeFile(file.path, text);
    await expect(openBroker().connect()).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    expect(await readFile(file.path, "utf8")).toBe(text);
  });

  test("a database of somebody else is refused", async () => {
    const other = new Database(file.path);
    other.exec("create table message (text text)");
    other.close();
    await expect(openBroker().connect()).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  });

  test("a damaged page is told to whoever asks, not hidden", async () => {
    const broker = openBroker();
    await broker.connect();
    await broker.close();
    const bytes = await readFile(file.path);
    bytes.fill(0xff, 4096);
    await writeFile(file.path, bytes);
    const again = openBroker();
    await expect(again.connect().then(() => again.health())).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    await again.close();
  });

  test("a file that is removed while it is open is told, and the consumer goes on with the new one", async () => {
    const broker = openBroker();
    await broker.connect();
    const { inbox } = await consume(broker, "q");
    await rm(file.path);
    await rm(`${file.path}-wal`, { force: true });
    await rm(`${file.path}-shm`, { force: true });
    await eventually(() => inbox.events.includes("connected"));
    expect(inbox.events).toEqual(["disconnected", "claimsLost", "connected"]);
    const other = createSqliteBroker(file.url, file.nextContext(), { resultUrl: null });
    await other.connect();
    await other.publish(publicationTo("q", { id: "after" }));
    const delivery = await inbox.next();
    expect(idOf(delivery.envelope)).toBe("after");
    expect(await settle(delivery)).toBe("settled");
    await Promise.all([broker.close(), other.close()]);
  });

  test("a folder that is not there is told", async () => {
    const broker = createSqliteBroker(`sqlite://${file.path}/missing/celeriac.db`, driverContext(), { resultUrl: null });
    await expect(broker.connect()).rejects.toMatchObject({ code: "BROKER_UNREACHABLE" });
  });
});
