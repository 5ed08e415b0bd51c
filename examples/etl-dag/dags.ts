/** The DAG, for one day: it waits for the day's data, extracts it, transforms it city by city, loads it, and says what kind of day it was. */
import { createApp } from "celeriac";
import { type DagBuilder, dag, each } from "celeriac/dag";
import { load, type Report, readingsOf, reportOn } from "./weather.ts";

export const app = createApp("weather");

/** "2012-01-15" */
const dayOf = (at: Date) => at.toISOString().slice(0, 10);

export function drawEtl(d: DagBuilder): void {
  const measured = d.sensor("measured", { mode: "reschedule", interval: "10s", timeout: "1h" }, async ({ logicalDate }) => {
    const day = dayOf(logicalDate);
    return (await readingsOf(day)).length > 0 && day;
  });
  const extract = d.task("extract", { retries: 2 }, (_run, day: string) => readingsOf(day));
  const transform = d.task("transform", (_run, reading: Parameters<typeof reportOn>[0]) => reportOn(reading));
  const reports = transform.expand(each(extract(measured)));
  const loaded = d.task("load", { retries: 2, retryDelay: "5s" }, (_run, day: string, all: Report[]) => load(day, all))(measured, reports);

  const kind = d.branch("kind", (_run, all: Report[]) => (all.some(({ isStorm }) => isStorm) ? "storm" : "calm"))(reports);
  kind.after(loaded);
  const warn = d.task("warn", (run, all: Report[]) => {
    const cities = all.filter(({ isStorm }) => isStorm).map(({ city }) => city);
    run.log.warn("a stormy day", { day: dayOf(run.logicalDate), cities });
    return cities;
  })(reports);
  const praise = d.task("praise", (run) => run.log.info("a calm day", { day: dayOf(run.logicalDate) }))();
  kind.on("storm", warn).on("calm", praise);
  d.task("close", { triggerRule: "none_failed_min_one_success" }, (run) => dayOf(run.logicalDate))().after(warn, praise);
}

/** By hand: celeriac dag trigger etl --logical-date 2012-01-15T00:00:00Z */
export const etl = dag(app, "etl", {}, drawEtl);
