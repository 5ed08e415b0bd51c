/** Schedule stores against the suite of all of them; those on other ways to a Redis are in redis-suites.ts. */
import { randomUUID } from "node:crypto";
import { createMemoryScheduleStore } from "../../packages/core/src/schedule-stores/memory.ts";
import { createPostgresScheduleStore } from "../../packages/core/src/schedule-stores/postgres.ts";
import { createRedisScheduleStore } from "../../packages/core/src/schedule-stores/redis.ts";
import { createSqliteScheduleStore } from "../../packages/core/src/schedule-stores/sqlite.ts";
import { driverContext } from "../support/driver-context.ts";
import { preparePostgres } from "../support/roles.ts";
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

describeScheduleStore("PostgreSQL, with the rights of a beat", async () => {
  database ??= postgresUrl().then(async (url) => (await preparePostgres(url, ["schedules"])).beat);
  const [url, own] = [await database, randomUUID()];
  return { open: (app = own) => createPostgresScheduleStore(url, app, driverContext()), async close() {} };
});

describeScheduleStore("Redis with a prefix", async () => {
  const url = await redisUrl();
  return { open: (app = "shop") => createRedisScheduleStore(url, app, driverContext(), { keyPrefix: "team:" }), async close() {} };
});
