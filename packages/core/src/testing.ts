/** The door for tests: what arms and observes the machinery from outside. */
export { type RedisTiming, shortenRedisTiming } from "./brokers/redis/timing.ts";
export { type Detour, leadElsewhere } from "./detour.ts";
export { armFailpoints, type FailpointAction, type FailpointName, failpointNames } from "./failpoint.ts";
export { reviveError } from "./failure.ts";
export { readSnapshot } from "./snapshot.ts";
export { createVirtualClock, type VirtualClock, type VirtualClockOptions } from "./virtual-clock.ts";
