/** What a driver under test stands on: the real clock, no log, and no wait for the disk. */
import { type DriverContext, silentLogger, systemClock } from "@celeriac/core/runtime";

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
