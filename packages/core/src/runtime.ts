/** The door for our own packages (worker, beat, monitor, bridge, cli): contracts and machinery that users do not need. */
export type { ResultBackend, ResultRecord, ResultSubscription } from "./backend.ts";
export type { Broker, Consumer, ConsumerListener, Delivery, Disposition, Publication, Settlement, SettleOutcome } from "./broker.ts";
export { type Clock, parseInstant, systemClock, type Timer, toIsoInstant } from "./clock.ts";
export type { Coordinator, Lease } from "./coordinator.ts";
export type { DriverContext } from "./driver.ts";
export { type Entry, loadModule, processEntry, threadEntry } from "./entry.ts";
export { deadLetterQueue, deathHeader, deliveriesHeader, deliveriesOf, type Envelope, type Route } from "./envelope.ts";
export * from "./errors.ts";
export { type FailpointName, failpoint, failpointNames } from "./failpoint.ts";
export { createLogger, type Logger, type LogLevel, logLevels, silentLogger, withFields } from "./logger.ts";
export { createService, type Service, type ServiceSteps } from "./service.ts";
