/** DAGs, their runs and task instances, as the monitor's API gives them. */
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, expect, it } from "vitest";
import { shapes } from "../../../../packages/flower/src/server/routes/v2/shapes.ts";
import type { SessionView } from "../../../../packages/flower/src/shared/contract.ts";
import type { DagList, DagRunView, DagView } from "../../../../packages/flower/src/shared/dag-contract.ts";
import { filledDagRuns } from "../../../support/dag-runs.ts";
import { type FedMonitor, fedMonitor } from "../../../support/monitor/fed-monitor.ts";

const day = 86_400;
let fed: FedMonitor;
let without: FedMonitor;

beforeAll(async () => {
  const dagRuns = await filledDagRuns({ lastDay: 20_000, reason: "no route, password=hunter2" });
  [fed, without] = await Promise.all([fedMonitor({}, dagRuns), fedMonitor()]);
});
afterAll(() => Promise.all([fed?.[Symbol.asyncDispose](), without?.[Symbol.asyncDispose]()]));

const ajv = new Ajv2020({ strict: false });
ajv.addSchema({
  $id: "openapi",
  components: { schemas: JSON.parse(JSON.stringify(shapes).replaceAll("#/components", "openapi#/components")) },
});

async function get<T>(path: string, shape: keyof typeof shapes, from = fed): Promise<T> {
  const answer = await from.server.inject(`/api/v2/${path}`);
  expect(answer.statusCode, answer.body).toBe(200);
  const isShaped = ajv.getSchema(`openapi#/components/schemas/${shape}`)!;
  expect(isShaped(answer.json()), JSON.stringify(isShaped.errors)).toBe(true);
  return answer.json();
}

it("lists DAGs with their latest runs, the latest first", async () => {
  const { rows } = await get<DagList>("dags", "DagList");
  expect(rows.map(({ id, paused, taskCount, schedule }) => [id, paused, taskCount, schedule])).toEqual([
    ["by/hand", true, 0, null],
    ["etl", false, 5, "@daily"],
  ]);
  expect(rows[1]!.runs.map(({ state }) => state)).toEqual(["running", "success", "failed", "success"]);
  expect(rows[1]!.runs[0]).toMatchObject({ logicalDate: 20_000 * day, started: 20_000 * day, ended: null });
});

it("gives one DAG with the states of its tasks in so many runs, also of tasks that its code does not name", async () => {
  const dag = await get<DagView>("dags/etl?runs=3", "DagView");
  expect(dag.tasks.map(({ id }) => id)).toEqual(["ready", "extract", "load", "check", "report"]);
  expect(dag.runs).toHaveLength(3);
  expect(dag.runs[2]!.cells["load"]).toEqual({ success: 2, failed: 1 });
  expect(await get<DagView>("dags/by%2Fhand", "DagView")).toMatchObject({ id: "by/hand", tasks: [], runs: [] });
});

it("gives one run with all its instances and tries, and no secrets", async () => {
  const [, , failed] = (await get<DagView>("dags/etl", "DagView")).runs;
  const run = await get<DagRunView>(`dags/etl/runs/${encodeURIComponent(failed!.id)}`, "DagRunView");
  expect(run).toMatchObject({ dag: "etl", state: "failed", type: "scheduled" });
  expect(run.instances).toHaveLength(7);
  const { tries, ...load } = run.instances.find(({ task, mapIndex }) => task === "load" && mapIndex === 1)!;
  expect(load).toMatchObject({ state: "failed", tryNumber: 2, maxTries: 3, hostname: "box" });
  expect(tries).toMatchObject([{ number: 1, state: "failed", ended: 19_998 * day + 1.5 }]);
  expect(run.params).toMatchObject({ city: "Oslo" });
  expect(JSON.stringify(run)).not.toContain("hunter2");
});

it("says what it does not know, and whether there are DAGs at all", async () => {
  const problem = async (path: string, from = fed) => {
    const answer = await from.server.inject(`/api/v2/${path}`);
    return [answer.statusCode, answer.json().error];
  };
  expect(await problem("dags/elt")).toEqual([404, "Unknown DAG 'elt'"]);
  expect(await problem("dags/etl/runs/none")).toEqual([404, "DAG 'etl' has no run 'none'"]);
  expect(await problem("dags/etl", without)).toEqual([404, "This monitor knows no DAGs"]);
  expect(await get<DagList>("dags", "DagList", without)).toEqual({ rows: [] });
  expect((await get<SessionView>("session", "SessionView")).dags).toBe(true);
  expect((await get<SessionView>("session", "SessionView", without)).dags).toBe(false);
});
