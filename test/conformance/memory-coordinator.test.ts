/** The coordinator in memory against the suite of all coordinators. */
import { randomUUID } from "node:crypto";
import { createMemoryCoordinator } from "../../packages/core/src/coordinators/memory.ts";
import { driverContext } from "../support/driver-context.ts";
import { describeCoordinator } from "./coordinator-suite.ts";

describeCoordinator("memory", async () => {
  const url = `memory://${randomUUID()}`;
  return { open: () => createMemoryCoordinator(url, driverContext()), url: null, async close() {} };
});
