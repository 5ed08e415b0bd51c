/** Schedule stores against the suite of all of them; those on other ways to a Redis are in redis-suites.ts. */
import { randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import Database from "libsql";
import { describe, expect, it, onTestFinished } from "vitest";
import { createMemoryScheduleStore } from "../../packages/core/src/schedule-stores/memory.ts";
import { createPostgresScheduleStore } from "../../packages/core/src/schedule-stores/postgres.ts";
import { createRedisScheduleStore } from "../../packages/core/src/schedule-stores/redis.ts";
import { createSqliteScheduleStore } from "../../packages/core/src/schedule-stores/sqlite.ts";
import { filePathOf } from "../../packages/core/src/sqlite/file-path.ts";
import { driverContext } from "../support/driver-context.ts";
import { eventually } from "../support/eventually.ts";
import { preparePostgres, redisUserUrl } from "../support/roles.ts";
import { postgresUrl, redisUrl } from "../support/servers.ts";
import { createSqliteFile } from "../support/sqlite-file.ts";
import { describeScheduleStore } from "./schedule-store-suite.ts";

describeScheduleStore("memory", async () => {
  const url = `memory://${randomUUID()}`;
  return { open: (app = "shop") => createMemoryScheduleStore(url, app, driverContext()), async close() {} };
});

describeScheduleStore("SQLite", async () => {
  const file = await createSqliteFile();
  return { open: (app = "shop") => createSqliteScheduleStore(file.url, app, file.nextContext()), close: () => file.remove() };
});

let database: Promise<string> | null = null;

describe("a file", () => {
  it("that is locked is waited for, while the thread goes on", async () => {
    const file = await createSqliteFile();
    const [known, store] = [1, 2].map(() => createSqliteScheduleStore(file.url, "shop", driverContext()));
    onTestFinished(async () => {
      await Promise.all([known!.close(), store!.close()]);
      await file.remove();
    });
    await known!.read(0);
    const other = new Database(`${filePathOf(file.url)}-schedules`);
    other.exec("begin immediate");
    let isFree = false;
    const leading = store!.lead("web-1.x", 60_000).then((pulse) => ({ ...pulse, isFree }));
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    isFree = true;
    other.exec("rollback");
    other.close();
    expect(await leading).toMatchObject({ token: 1, isFree: true });
  });

  it("that is none of SQLite's is refused, and left as it is", async () => {
    const file = await createSqliteFile();
    const store = createSqliteScheduleStore(file.url, "shop", driverContext());
    onTestFinished(async () => {
      await store.close();
      await file.remove();
    });
    const path = `${filePathOf(file.url)}-schedules`;
    const damaged = "damaged ".repeat(1_000);
    writeFileSync(path, damaged);
    await expect(store.lead("web-1.x", 60_000)).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    expect(readFileSync(path, "utf8")).toBe(damaged);
  });

  it("is led with by one machine alone, until that one is silent", async () => {
    const file = await createSqliteFile();
    const [here, near, elsewhere] = ["a", "a", "b"].map((machine) => createSqliteScheduleStore(file.url, "shop", driverContext(), machine));
    onTestFinished(async () => {
      await Promise.all([here, near, elsewhere].map((store) => store!.close()));
      await file.remove();
    });
    await here!.lead("web-1.x", 60_000);
    expect(await near!.lead("web-1.y", 60_000)).toMatchObject({ token: null });
    await expect(elsewhere!.lead("web-2.z", 60_000)).rejects.toMatchObject({
      code: "BEAT_STORE_NOT_SHARED",
      message: expect.stringContaining("(web-1.x)"),
    });
    expect((await elsewhere!.local())!.identity).not.toBe((await here!.local())!.identity);
    await here!.lead("web-1.x", 1);
    await eventually(async () => expect(await elsewhere!.lead("web-2.z", 60_000)).toMatchObject({ token: 2 }));
    await expect(here!.lead("web-1.x", 1)).rejects.toMatchObject({ code: "BEAT_STORE_NOT_SHARED" });
  });
});

describeScheduleStore("PostgreSQL, with the rights of a beat", async () => {
  database ??= postgresUrl().then(async (url) => (await preparePostgres(url, ["schedules"])).beat);
  const [url, own] = [await database, randomUUID()];
  return { open: (app = own) => createPostgresScheduleStore(url, app, driverContext()), async close() {} };
});

describeScheduleStore("Redis, with the rights of a beat", async () => {
  const url = await redisUserUrl(await redisUrl(), "beat");
  return { open: (app = "shop") => createRedisScheduleStore(url, app, driverContext()), async close() {} };
});

describeScheduleStore("Redis with a prefix", async () => {
  const url = await redisUrl();
  return { open: (app = "shop") => createRedisScheduleStore(url, app, driverContext(), { keyPrefix: "team:" }), async close() {} };
});
