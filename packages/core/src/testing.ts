/** The door for tests: what arms and observes the machinery from outside. */
export { armFailpoints, type FailpointAction, type FailpointName, failpointNames } from "./failpoint.ts";
