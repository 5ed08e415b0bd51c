/** The door for tests: what arms and observes the machinery from outside. */
export { type RedisTiming, shortenRedisTiming } from "./brokers/redis/timing.ts";
export { armFailpoints, type FailpointAction, type FailpointName, failpointNames } from "./failpoint.ts";
