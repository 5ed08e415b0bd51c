/** The PostgreSQL result backend against the suite of all backends, with the rights of a worker and no more. */
import { describe } from "vitest";
import { createPostgresBackend } from "../../packages/core/src/backends/postgres.ts";
import { driverContext } from "../support/driver-context.ts";
import { cutPostgresConnections } from "../support/postgres-client.ts";
import { preparePostgres } from "../support/roles.ts";
import { postgresUrl } from "../support/servers.ts";
import { describeBackend } from "./backend-suite.ts";

describe.each([false, true])("with celeryTables: %s", (celeryTables) => {
  let place: Promise<{ readonly all: string; readonly own: string }> | null = null;

  async function openPlace() {
    const all = await postgresUrl();
    const { worker } = await preparePostgres(all, celeryTables ? ["results", "celeryTables"] : ["results"]);
    return { all, own: worker };
  }

  describeBackend("PostgreSQL", async () => {
    place ??= openPlace();
    const { all, own } = await place;
    return {
      shared: true,
      open: () => createPostgresBackend(own, driverContext(), { celeryTables }),
      breakConnections: () => cutPostgresConnections(all),
      async close() {},
    };
  });
});
