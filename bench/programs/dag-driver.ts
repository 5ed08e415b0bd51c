/** `node dag-driver.ts raw <n>` sends so many empty tasks of the app; `node dag-driver.ts dags` runs the scheduler of its DAGs. Both until they are ended. */
import { createDagService } from "@celeriac/airflow-bridge/dag-runtime";
import { runtimeOf, silentLogger } from "@celeriac/core/runtime";
import { app, noop } from "./dag-app.ts";

const atOnce = 1_000;
const [what, count] = process.argv.slice(2);
process.once("disconnect", () => process.exit());

if (what === "raw") {
  await app.connect();
  for (let sent = 0; sent < Number(count); sent += atOnce)
    await Promise.all(Array.from({ length: Math.min(atOnce, Number(count) - sent) }, () => noop.delay()));
} else {
  const source = { moduleUrl: new URL("dag-app.ts", import.meta.url).href, appName: null };
  await createDagService({ app, runtime: runtimeOf(app)!, source, logger: silentLogger, settings: {} }).start();
}
