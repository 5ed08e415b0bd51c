/** The PostgreSQL coordinator against the suite of all coordinators, with the rights of a worker and no more. */
import { createPostgresCoordinator } from "../../packages/core/src/coordinators/postgres.ts";
import { driverContext } from "../support/driver-context.ts";
import { preparePostgres } from "../support/roles.ts";
import { postgresUrl } from "../support/servers.ts";
import { describeCoordinator } from "./coordinator-suite.ts";

let place: Promise<string> | null = null;

describeCoordinator("PostgreSQL", async () => {
  place ??= postgresUrl().then(async (url) => (await preparePostgres(url, ["coordinator"])).worker);
  const url = await place;
  return { url, open: (timing) => createPostgresCoordinator(url, driverContext(), timing), async close() {} };
});
