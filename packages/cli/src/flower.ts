/** The door for those who run a monitor inside a program of their own. */
export { createMonitor, type Monitor, type MonitorOptions, type MonitorSurroundings } from "@celeriac/flower";
