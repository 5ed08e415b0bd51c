/** The PostgreSQL result backend against the suite of all backends. */
import { describe } from "vitest";
import { createPostgresBackend } from "../../packages/core/src/backends/postgres.ts";
import { driverContext } from "../support/driver-context.ts";
import { cutPostgresConnections } from "../support/postgres-client.ts";
import { postgresUrl } from "../support/servers.ts";
import { describeBackend } from "./backend-suite.ts";

let url: Promise<string> | null = null;

describe.each([false, true])("with celeryTables: %s", (celeryTables) => {
  describeBackend("PostgreSQL", async () => {
    url ??= postgresUrl();
    const place = await url;
    return {
      shared: true,
      open: () => createPostgresBackend(place, driverContext(), { celeryTables }),
      breakConnections: () => cutPostgresConnections(place),
      async close() {},
    };
  });
});
