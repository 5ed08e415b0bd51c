/** What a driver under test stands on: the real clock, no log, and no wait for the disk. */
import { systemClock } from "../../packages/core/src/clock.ts";
import type { DriverContext } from "../../packages/core/src/driver.ts";
import { silentLogger } from "../../packages/core/src/logger.ts";

export function driverContext(changes: Partial<DriverContext> = {}): DriverContext {
  return {
    clock: systemClock,
    logger: silentLogger,
    credentials: null,
    durability: "process",
    resultTextOf: (stored) => stored.toString(),
    allowEviction: false,
    inExecutor: false,
    ...changes,
  };
}
