/** What happened in each minute and hour: increments are added where they lie, and summed up where they are read. */
import type { SeriesQuery, Slice, TypeSummary } from "../history.ts";
import { keptSeconds, type LabelKind, type Labels, seriesOf, seriesRange, summed, typeOf, typesRange } from "../slices.ts";
import { hour, minute, type SliceIncrement } from "../tally.ts";
import type { AskHistory } from "./database.ts";

const columns = ["step", "at", "name", "queue", "last_at", ...summed];
const types: Readonly<Record<string, string>> = { at: "double precision", last_at: "double precision", name: "text", queue: "text" };
const add = `insert into celeriac_history_slice as slice (${columns.join(", ")})
  select step, at, name, queue, last_at, ${summed.map((name) => `coalesce(${name}, 0)`).join(", ")} from json_to_recordset(?) as given (${columns.map((name) => `${name} ${types[name] ?? "bigint"}`).join(", ")})
  on conflict (step, at, name, queue) do update set last_at = greatest(slice.last_at, excluded.last_at),
  ${summed.map((name) => `${name} = slice.${name} + excluded.${name}`).join(", ")}`;
const addLabels = `insert into celeriac_history_label (kind, label) select kind, label from json_to_recordset(?) as given (kind text, label text)
  on conflict do nothing`;

/** Inside the caller's transaction. `labels`: what is known of them; it learns. */
export async function addSlices(ask: AskHistory, increments: readonly SliceIncrement[], labels: Labels): Promise<void> {
  if (increments.length === 0) return;
  for (const kind of ["task", "queue"] as const) if (!labels.knows(kind)) labels.learn(kind, await labelsOf(ask, kind));
  const fresh: { readonly kind: LabelKind; readonly label: string }[] = [];
  const note = (kind: LabelKind, label: string) => void fresh.push({ kind, label });
  const rows = new Map<string, Record<string, number | string>>();
  for (const { step, at, name, queue, lastAt, wait, run, ...counted } of increments) {
    const key = { step, at, name: labels.label("task", name, note), queue: labels.label("queue", queue, note) };
    const row = { ...key, last_at: lastAt, ...counted, ...named("w", wait), ...named("r", run) };
    const place = JSON.stringify(key);
    // Two that share the label of all others are one row.
    rows.set(place, sumOf(rows.get(place), row));
  }
  if (fresh.length > 0) await ask(addLabels, [JSON.stringify(fresh)]);
  // Most buckets are empty: what is not there is none.
  await ask(add, [JSON.stringify([...rows.values()], (name, value) => (value === 0 && name !== "at" ? undefined : value))]);
}

function named(letter: string, numbers: readonly number[]): Readonly<Record<string, number>> {
  return Object.fromEntries(numbers.map((value, index) => [`${letter}${index}`, value]));
}

function sumOf(one: Readonly<Record<string, number | string>> | undefined, other: Record<string, number | string>) {
  if (one === undefined) return other;
  const sums = Object.fromEntries(summed.map((column) => [column, Number(one[column]) + Number(other[column])]));
  return { ...other, last_at: Math.max(Number(one["last_at"]), Number(other["last_at"])), ...sums };
}

export async function labelsOf(ask: AskHistory, kind: LabelKind): Promise<readonly string[]> {
  const rows = await ask("select label from celeriac_history_label where kind = ? order by label", [kind]);
  return rows.map(({ label }) => String(label));
}

/** Those that are too old; at most so many of each kind. */
export async function pruneSlices(ask: AskHistory, now: number, limit: number): Promise<void> {
  for (const step of [minute, hour] as const)
    await ask(
      `delete from celeriac_history_slice where (step, at, name, queue) in
       (select step, at, name, queue from celeriac_history_slice where step = ? and at < ? limit ?)`,
      [step, now - keptSeconds[step], limit],
    );
}

const sums = summed.map((column) => `sum(${column}) as ${column}`).join(", ");
const where = "step = ? and at >= ? and at < ? and name = coalesce(?, name) and queue = coalesce(?, queue)";

export async function readSeries(ask: AskHistory, query: SeriesQuery, now: number): Promise<readonly Slice[]> {
  const range = seriesRange(query, now);
  const rows = await ask(`select at, ${sums} from celeriac_history_slice where ${where} group by at order by at`, [
    ...[range.grain, range.first, query.to, query.name ?? null, query.queue ?? null],
  ]);
  return seriesOf(
    range,
    rows.map((row) => [row["at"], ...summed.map((column) => row[column])]),
  );
}

export async function readTypes(ask: AskHistory, query: Omit<SeriesQuery, "step">, now: number): Promise<readonly TypeSummary[]> {
  const { grain, first } = typesRange(query, now);
  const rows = await ask(
    `select name, max(last_at) as newest, ${sums} from celeriac_history_slice where ${where} and name <> '' group by name order by newest desc`,
    [grain, first, query.to, query.name ?? null, query.queue ?? null],
  );
  return rows.map((row) => typeOf([row["name"], row["newest"], ...summed.map((column) => row[column])]));
}
