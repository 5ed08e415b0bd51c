/** The result backend in memory against the suite of all backends. */
import { randomUUID } from "node:crypto";
import { createMemoryBackend } from "../../packages/core/src/backends/memory.ts";
import { driverContext } from "../support/driver-context.ts";
import { describeBackend } from "./backend-suite.ts";

describeBackend("memory", async () => {
  const url = `memory://${randomUUID()}`;
  return { shared: true, open: () => createMemoryBackend(url, driverContext()), async close() {} };
});
