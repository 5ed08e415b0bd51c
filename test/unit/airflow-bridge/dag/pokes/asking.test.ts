/** Pokes that ask a server or a database, in sensors of a DAG that runs here. */
import { join } from "node:path";
import { createApp } from "@celeriac/core";
import { afterEach, expect, it, onTestFinished, vi } from "vitest";
import type { DagBuilder } from "../../../../../packages/airflow-bridge/src/dag/definition/builder.ts";
import { dag } from "../../../../../packages/airflow-bridge/src/dag/definition/dag.ts";
import { httpOk } from "../../../../../packages/airflow-bridge/src/dag/pokes/http-ok.ts";
import { sqlRow } from "../../../../../packages/airflow-bridge/src/dag/pokes/sql-row.ts";
import { serve } from "../../../../support/dag/http-server.ts";
import { temporaryDirectory } from "../../../../support/private-process.ts";

afterEach(() => vi.unstubAllEnvs());

async function tried<T>(build: (d: DagBuilder) => T) {
  let drawn: T | undefined;
  const etl = dag(createApp("shop", { broker: "memory://" }), "etl", {}, (d) => {
    drawn = build(d);
  });
  return { trial: await etl.test({ logicalDate: new Date(0) }), drawn: drawn! };
}

it("waits for a row whose first column is something", async () => {
  const folder = temporaryDirectory("sql-row");
  onTestFinished(() => folder.remove());
  vi.stubEnv("AIRFLOW_CONN_SHOP", `sqlite://${join(folder.path, "shop.db")}`);
  const { trial, drawn } = await tried((d) => {
    const made = d.sql("make", "shop", "create table looks (n integer, at text)");
    // Each look adds a row, and sees those before it.
    const looks = "insert into looks values (1, ?); select count(*) > 3 as enough, min(at) as at, count(*) as n from looks";
    const mode = { mode: "reschedule" } as const;
    const enough = d
      .sensor(
        "enough",
        mode,
        sqlRow<{ at: string; n: number }>("shop", looks, (run) => [run.logicalDate]),
      )
      .after(made);
    const texts = ["null", "0", "''", "'0'"].map((value, at) =>
      d.sensor(`never_${at}`, { timeout: 0, softFail: true }, sqlRow("shop", `select ${value} as a, 1 as b`)),
    );
    const none = d.sensor("none", { timeout: 0, softFail: true }, sqlRow("shop", "select 1 where 1 = 0"));
    return { enough, texts, none };
  });
  expect(trial.value(drawn.enough)).toEqual({ enough: 1, at: "1970-01-01T00:00:00.000Z", n: 4 });
  const states = trial.instances.map(({ taskId, state }) => `${taskId} ${state}`);
  expect(states.toSorted()).toEqual(["enough success", "make success", ...[0, 1, 2, 3].map((at) => `never_${at} skipped`), "none skipped"]);
});

it("waits for an answer that will do, past 404", async () => {
  let looks = 0;
  const { port, asked } = await serve(({ url }, response) => {
    if (url === "/broken") response.writeHead(500).end();
    else response.writeHead(url === "/later" && ++looks < 3 ? 404 : 200).end(JSON.stringify({ looks }));
  });
  vi.stubEnv("AIRFLOW_CONN_API", `http://127.0.0.1:${port}`);
  const { trial, drawn } = await tried((d) => ({
    later: d.sensor(
      "later",
      { mode: "defer" },
      httpOk("api", (run) => `later${run.params["none"] ?? ""}`),
    ),
    checked: d.sensor(
      "checked",
      {},
      httpOk("api", "now", async (answer) => ((await answer.json()) as { looks: number }).looks > 0 && answer.status),
    ),
    broken: d.sensor("broken", {}, httpOk("api", "broken")),
  }));
  expect([trial.value(drawn.later), trial.value(drawn.checked)]).toEqual([true, 200]);
  expect(trial.instances.at(-1)?.reason).toBe(`GET http://127.0.0.1:${port}/broken was answered 500`);
  expect(asked.filter(({ url }) => url === "/later")).toHaveLength(3);
});

it("is refused without a connection, SQL or a path", () => {
  const refused = expect.objectContaining({ code: "DAG_DEFINITION" });
  expect(() => sqlRow("", "select 1")).toThrow(refused);
  expect(() => sqlRow("shop", "")).toThrow(refused);
  expect(() => sqlRow("shop", "select 1", {} as never)).toThrow(refused);
  expect(() => httpOk("")).toThrow(refused);
  expect(() => httpOk("api", 1 as never)).toThrow(refused);
});
