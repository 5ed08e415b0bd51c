/** The app measured, through the door users import; each executor loads this module. */
import { createApp } from "celeriac";
import { run } from "./noop.mjs";

export const app = createApp("bench", { broker: process.env.BENCH_BROKER, backend: process.env.BENCH_BACKEND });
export const noop = app.task("bench.noop", (argument) => run("noop", argument));
export const stamp = app.task("bench.stamp", (argument) => run("stamp", argument));
