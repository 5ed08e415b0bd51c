/** Many rows in one statement: they come as one value, so that its text is the same for any number of them. */
import type { Column, Columns } from "./columns.ts";
import { type Dialect, type Row, type Sql, type Value, writable } from "./sql.ts";

/** Rows of one statement. */
const atOnce = 1_000;

export interface RowChange<R> {
  /** its key, and what else is expected of it; none of them null */
  readonly is: Partial<R>;
  readonly fields: Partial<R>;
}

/** The table `v` that a statement makes of a value of `rowsValue`. */
export function rowsTable(dialect: Dialect, columns: readonly Pick<Column<never>, "name" | "type">[]): string {
  const read = columns.map(({ name, type }, at) => `cast(value ->> ${at} as ${type}) as ${name}`);
  return `(select ${read.join(", ")} from ${dialect.elements}) v`;
}

export function rowsValue(rows: readonly (readonly Value[])[]): Value {
  return JSON.stringify(rows.map((row) => row.map(writable)));
}

export interface Changeable<R> {
  readonly table: string;
  readonly columns: Columns<R>;
  readonly expected: readonly (keyof R)[];
  /** the columns that are told of what was as expected; none unless told */
  readonly returning?: string;
}

/** A statement for all that set the same fields. */
export async function changeRows<R extends object>(
  sql: Sql,
  { table, columns, expected, returning }: Changeable<R>,
  changes: readonly RowChange<NoInfer<R>>[],
): Promise<readonly Row[]> {
  const given: Row[] = [];
  const is = columns.all.filter(({ field }) => expected.includes(field));
  const conditions = is.map(({ name }) => `t.${name} = v.is_${name}`).join(" and ");
  for (const [set, alike] of byFields(columns, changes)) {
    const source = rowsTable(sql.dialect, [...is.map((each) => named("is_", each)), ...set.map((each) => named("set_", each))]);
    const assignments = set.map(({ name }) => `${name} = v.set_${name}`).join(", ");
    const text = `update ${table} as t set ${assignments} from ${source} where ${conditions}`;
    const valuesOf = (change: RowChange<R>) => [
      ...is.map(({ field }) => columns.value(change.is, field)),
      ...set.map(({ field }) => columns.value(change.fields, field)),
    ];
    for (const some of slices(alike)) {
      const values = [rowsValue(some.map(valuesOf))];
      if (returning === undefined) await sql.run(text, values);
      else given.push(...(await sql.rows(`${text} returning ${returning}`, values)));
    }
  }
  return given;
}

function byFields<R extends object>(columns: Columns<R>, changes: readonly RowChange<R>[]) {
  const groups = new Map<string, [readonly Column<R>[], RowChange<R>[]]>();
  for (const change of changes) {
    const set = columns.all.filter(({ field }) => change.fields[field] !== undefined);
    const key = set.map(({ name }) => name).join();
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [set, [change]]);
    else group[1].push(change);
  }
  return groups.values();
}

function named(prefix: string, { name, type }: Pick<Column<never>, "name" | "type">): Pick<Column<never>, "name" | "type"> {
  return { name: prefix + name, type };
}

export function* slices<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += atOnce) yield items.slice(from, from + atOnce);
}
