/** The door for the command's table: what a worker takes, without the worker itself, which is loaded when one is started. */
export { workerOptionTable } from "./options.ts";
