/** The door: for the command, and for those who run a monitor inside a program of their own. */
export type { AuditEntry, HeardMessage, History, TaskQuery } from "./history/history.ts";
export { type HistoryOptions, openHistory } from "./history/open-history.ts";
export type { TaskRecord } from "./history/task-record.ts";
export { createMonitor, type Monitor, type MonitorSurroundings } from "./monitor.ts";
export { type OptionSources, readMonitorOptions } from "./option-sources.ts";
export { type MonitorOptions, monitorOptionTable, type ResolvedMonitorOptions, resolveMonitorOptions } from "./options.ts";
export { parseSearch } from "./search/parse.ts";
