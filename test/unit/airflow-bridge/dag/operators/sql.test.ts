/** SQL as a task, on a SQLite file; PostgreSQL is asked in test/conformance/dag-hooks.test.ts. */
import { join } from "node:path";
import { createApp } from "@celeriac/core";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { DagBuilder } from "../../../../../packages/airflow-bridge/src/dag/definition/builder.ts";
import { dag } from "../../../../../packages/airflow-bridge/src/dag/definition/dag.ts";
import { type Placeholders, sqlStatements } from "../../../../../packages/airflow-bridge/src/dag/hooks/sql-statements.ts";
import { temporaryDirectory } from "../../../../support/private-process.ts";

afterEach(() => vi.unstubAllEnvs());

describe("a text of SQL is read as statements", () => {
  const read = (sql: string, values: readonly unknown[], dialect: Placeholders) =>
    sqlStatements(sql, values, dialect).map(({ text, values: own }) => [text, ...own]);

  it("each with the values that it names", () => {
    expect(read("delete from t where n = $2; ;\ninsert into t values ($2, $1, $2);", ["a", "b"], "postgres")).toEqual([
      ["delete from t where n = $1", "b"],
      ["insert into t values ($1, $2, $1)", "b", "a"],
    ]);
    expect(read("delete from t where n = ?; insert into t values (?, ?)", [1, 2, 3], "sqlite")).toEqual([
      ["delete from t where n = ?", 1],
      ["insert into t values (?, ?)", 2, 3],
    ]);
  });

  it.each<[Placeholders, string]>([
    ["postgres", "select '; $1 ''$2', \"$3;\", $$ ; $4 $$, $a$ $$ ; $a$, E'\\'; $5' -- ; $6\n/* ; $7 */, a ? 'b', x$8"],
    ["sqlite", "select '? ;', \"? ;\", `? ;`, [? ;] -- ? ;\n/* ? ; */"],
    ["sqlite", "create temp trigger tr after insert on t begin delete from u; insert into u values (';'); end"],
  ])("of %s, past what is quoted: %s", (dialect, sql) => {
    expect(read(`${sql}; -- nothing follows`, [], dialect)).toEqual([[sql]]);
  });

  it("unless there are more or less values than places for them", () => {
    for (const values of [[], [1], [1, 2, 3]])
      expect(() => sqlStatements("select $1, $2", values, "postgres")).toThrow(expect.objectContaining({ code: "DAG_DEFINITION" }));
  });
});

describe("d.sql", () => {
  beforeEach(() => {
    const folder = temporaryDirectory("sql-operator");
    onTestFinished(() => folder.remove());
    vi.stubEnv("AIRFLOW_CONN_SHOP", `sqlite://${join(folder.path, "shop.db")}`);
    vi.stubEnv("AIRFLOW_CONN_OTHER", "mysql://h/x");
  });

  async function tried<T>(build: (d: DagBuilder) => T) {
    let drawn: T | undefined;
    const etl = dag(createApp("shop", { broker: "memory://" }), "etl", {}, (d) => {
      drawn = build(d);
    });
    return { trial: await etl.test({ logicalDate: new Date(0) }), drawn: drawn! };
  }
  const reasons = (trial: Awaited<ReturnType<typeof tried>>["trial"]) => trial.instances.map(({ reason }) => reason);

  it("gives the rows of its last statement to others, and takes theirs as values", async () => {
    const { trial, drawn } = await tried((d) => {
      const made = d.sql("make", "shop", "create table orders (id integer, at text)");
      const n = d
        .task("n", () => 7)()
        .after(made);
      const inserted = d.sql<{ id: number; at: string }>(
        "insert",
        "shop",
        "insert into orders values (?, ?); insert into orders values (8, null); select * from orders order by id",
        { params: [n, d.run("logicalDate")] },
      );
      return { made, inserted, ids: d.task("ids", (_run, rows: { id: number }[]) => rows.map(({ id }) => id))(inserted) };
    });
    expect(trial.state).toBe("success");
    expect(trial.value(drawn.made)).toEqual([]);
    expect(trial.value(drawn.inserted)).toEqual([
      { id: 7, at: "1970-01-01T00:00:00.000Z" },
      { id: 8, at: null },
    ]);
    expect(trial.value(drawn.ids)).toEqual([7, 8]);
  });

  it("leaves nothing behind of statements of which one fails", async () => {
    const { trial, drawn } = await tried((d) => {
      const made = d.sql("make", "shop", "create table t (n integer not null)");
      const failed = d.sql("fail", "shop", "insert into t values (1); insert into t values (null)").after(made);
      const rows = d.sql("count", "shop", "select count(*) as n from t", { triggerRule: "all_done" }).after(failed);
      return { rows };
    });
    expect(reasons(trial)).toEqual([null, expect.stringContaining("NOT NULL"), null]);
    expect(trial.value(drawn.rows)).toEqual([{ n: 0 }]);
  });

  it("refuses what is no SQL or no connection, and connections of other kinds", async () => {
    const refused = expect.objectContaining({ code: "DAG_DEFINITION" });
    await tried((d) => {
      expect(() => d.sql("a", "shop", "")).toThrow(refused);
      expect(() => d.sql("b", undefined as never, "select 1")).toThrow(refused);
      expect(() => d.sql("c", "shop", "select ?", { params: "x" as never })).toThrow(refused);
      expect(() => d.sql("d", "shop", "select ?", { parms: [] } as never)).toThrow(expect.objectContaining({ code: "CONFIG_UNKNOWN" }));
    });
    const { trial } = await tried((d) => {
      d.sql("other", "other", "select 1");
      d.sql("few", "shop", "select ?");
    });
    expect(reasons(trial)).toEqual([
      "Connection other is of the type mysql: SQL runs on postgres or sqlite",
      "SQL with places for 1 values was given 0",
    ]);
  });
});
