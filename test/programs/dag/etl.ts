/** The app of the tests of executors: a task for each way in which one may end. */

import { appendFileSync } from "node:fs";
import { dag, defineHook } from "@celeriac/airflow-bridge/dag";
import { createApp } from "@celeriac/core";

export const app = createApp("etl", { broker: "memory://dag-executors", config: { taskTrackStarted: true, taskDefaultPriority: 3 } });

const double = app.task("etl.double", (n: number) => 2 * n);
const declared = app.declare<(n: number) => number>("etl.declared");

/** Says in the file that its connection names what becomes of it. */
const mark = defineHook(
  "mark",
  ({ host }) => {
    appendFileSync(host!, "opened\n");
    return { path: host! };
  },
  ({ path }) => appendFileSync(path, "closed\n"),
);

dag(app, "etl", { schedule: null }, (d) => {
  const number = d.task("number", async (run) => {
    run.log.info("gives a number", { password: "hidden" });
    return run.tryNumber;
  })();
  d.task(double, { id: "double" })(number);
  d.task(declared, { id: "declared" })(number);
  d.task("fails", async () => {
    throw new Error("no luck");
  })();
  d.task("marks", async () => (await mark("mark")).path)();
  d.task("skips", async (run) => {
    throw run.skip("nothing new");
  })();
  d.task("gives_up", { retries: 3 }, async (run) => {
    throw run.fail("it will never be there");
  })();
  d.task("heeds", async (run) => {
    await new Promise<void>((resolve) => run.signal.addEventListener("abort", () => resolve(), { once: true }));
    throw run.signal.reason;
  })();
  d.task("dies", async () => process.kill(process.pid, "SIGKILL"))();
  d.task("spins", { executionTimeout: "100ms" }, async () => {
    for (;;);
  })();
  /** runs until its parent is gone */
  d.task("outlives", async () => {
    while (process.connected) await new Promise((resolve) => setTimeout(resolve, 20));
    return process.pid;
  })();
  for (const id of ["first", "second"])
    d.sensor(id, { mode: "defer", interval: "50ms" }, async (run) => run.runId.startsWith("manual") && process.pid);
});
