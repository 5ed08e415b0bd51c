/** The PostgreSQL coordinator against the suite of all coordinators. */
import { createPostgresCoordinator } from "../../packages/core/src/coordinators/postgres.ts";
import { driverContext } from "../support/driver-context.ts";
import { postgresUrl } from "../support/servers.ts";
import { describeCoordinator } from "./coordinator-suite.ts";

let url: Promise<string> | null = null;

describeCoordinator("PostgreSQL", async () => {
  url ??= postgresUrl();
  const place = await url;
  return { url: place, open: (timing) => createPostgresCoordinator(place, driverContext(), timing), async close() {} };
});
