/** The door for the command's table of options: without what a monitor is made of, so that other commands start as fast as before. */
export { type MonitorOptions, monitorOptionTable } from "./options.ts";
