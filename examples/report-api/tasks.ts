/** The app and its task: loaded by the API, which sends, and by the worker, which runs. */
import { setImmediate } from "node:timers/promises";
import { type ContextOf, createApp } from "celeriac";
import { header, monthLine, months } from "./report.ts";

/** BROKER_URL=redis://… or amqp://… moves it to a server; without, tasks wait in the file celeriac.db. */
export const app = createApp("reports", { broker: process.env["BROKER_URL"] });

export interface Progress {
  readonly done: number;
  readonly of: number;
}

/** The CSV is the task's result, so that API and worker need no disk in common. */
export const buildReport = app.bound("report.build", { params: ["year"] }, async (self: ContextOf<typeof app, Progress>, year: number) => {
  const lines = [header];
  for (let month = 1; month <= months; month++) {
    lines.push(monthLine(year, month));
    await self.progress({ done: month, of: months });
    // Computing keeps the event loop busy: a turn of it lets the progress out, and a request to stop in.
    await setImmediate();
  }
  return `${lines.join("\n")}\n`;
});
