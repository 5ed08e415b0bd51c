/** The virtual clock as unit tests have it: always started at the same instant. */
import { createVirtualClock, type VirtualClock } from "../../packages/core/src/virtual-clock.ts";

export { quiet } from "../../packages/core/src/virtual-clock.ts";
export type FakeClock = VirtualClock;

const startAt = Date.parse("2026-01-02T03:04:05.678Z");

export function createFakeClock(wallAt = startAt): FakeClock {
  return createVirtualClock({ startAt: wallAt });
}
