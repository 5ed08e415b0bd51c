/** The door of the monitor. */
export type { History } from "./history/history.ts";
