import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type Connection, loadLibsql, memoryPath, openConnection } from "../../../../packages/core/src/sqlite/connection.ts";
import { type HeardTaskEvent, readEvent } from "../../../../packages/flower/src/server/history/heard-event.ts";
import { merge } from "../../../../packages/flower/src/server/history/merge.ts";
import { searchCondition } from "../../../../packages/flower/src/server/history/search-sql.ts";
import { migrate } from "../../../../packages/flower/src/server/history/sqlite/schema.ts";
import { dialect } from "../../../../packages/flower/src/server/history/sqlite/walk.ts";
import type { TaskRecord } from "../../../../packages/flower/src/server/history/task-record.ts";
import { columnNames, valuesOf } from "../../../../packages/flower/src/server/history/task-row.ts";
import { type SearchExpression, searchFields } from "../../../../packages/flower/src/server/search/expression.ts";
import { matches } from "../../../../packages/flower/src/server/search/match.ts";
import { taskEvent } from "../../../support/heard.ts";

const words = ["a", "AB", "b%", "_c", "ä", "Ä", "ß", "\\", "'", "ab", "x", "λ"];
const text = fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 4 }).map((parts) => parts.join(""));
const kwargs = fc
  .dictionary(
    fc.constantFrom("k", "Key", "ä"),
    text.map((value) => `'${value.replace(/[\\']/g, "\\$&")}'`),
  )
  .map(
    (pairs) =>
      `{${Object.entries(pairs)
        .map(([key, value]) => `'${key}': ${value}`)
        .join(", ")}}`,
  );

const { expression } = fc.letrec<{ expression: SearchExpression; leaf: SearchExpression }>((tie) => ({
  leaf: fc.oneof(
    fc.record({ kind: fc.constant("text" as const), field: fc.constantFrom("any" as const, ...searchFields), text }),
    fc.record({ kind: fc.constant("is" as const), field: fc.constant("state" as const), text: fc.constantFrom("success", "FAILURE", "x") }),
    fc.record({ kind: fc.constant("pair" as const), key: fc.constantFrom("k", "KEY", "Ä"), value: text }),
  ),
  expression: fc.oneof(
    { maxDepth: 3 },
    tie("leaf"),
    fc.record({ kind: fc.constantFrom("and" as const, "or" as const), of: fc.array(tie("expression"), { minLength: 1, maxLength: 3 }) }),
    fc.record({ kind: fc.constant("not" as const), of: tie("expression") }),
  ),
}));

const task = fc.record({
  name: text,
  args: text,
  kwargs,
  queue: fc.option(text),
  result: fc.option(text),
  state: fc.constantFrom("succeeded", "failed", "sent"),
});

describe("searchCondition", () => {
  let connection: Connection;
  beforeAll(async () => {
    connection = openConnection(await loadLibsql(), memoryPath, { durability: "process" });
    migrate(connection);
    return () => connection.close();
  });

  function found(record: TaskRecord, { sql, parameters }: ReturnType<typeof searchCondition>): boolean {
    connection.query("delete from task").run([]);
    connection
      .query(`insert into task (${columnNames.join(", ")}) values (${columnNames.map(() => "?").join(", ")})`)
      .run(valuesOf(record));
    return connection.query(`select 1 from task where ${sql}`).all(parameters).length > 0;
  }

  it("lets through all that fit, and where it is exact no others", () => {
    fc.assert(
      fc.property(task, expression, ({ state, ...fields }, wanted) => {
        const event = readEvent(taskEvent(state, "T-ab", 1, fields), 1) as HeardTaskEvent;
        const record = merge(null, event);
        const condition = searchCondition(wanted, dialect);
        const [fits, isFound] = [matches(wanted, record), found(record, condition)];
        if (condition.isExact) expect(isFound).toBe(fits);
        else expect(isFound || !fits).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
