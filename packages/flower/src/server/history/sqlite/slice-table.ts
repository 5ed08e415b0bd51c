/** What happened in each minute and hour, by task name and queue: increments are added where they lie, and summed up where they are read. */
import type { Connection, Value } from "@celeriac/core/runtime";
import type { SeriesQuery, Slice, TypeSummary } from "../history.ts";
import { counts, keptSeconds, type LabelKind, Labels, seriesOf, seriesRange, summed, typeOf, typesRange } from "../slices.ts";
import { hour, minute, type SliceIncrement } from "../tally.ts";

const sums = summed.map((column) => `sum(${column})`).join(", ");

export interface SliceWriting {
  /** Runs inside the caller's transaction. */
  add(increments: readonly SliceIncrement[]): void;
  /** Runs inside the caller's transaction; at most so many rows. */
  prune(now: number, limit: number): void;
  /** Another process has written. */
  forget(): void;
}

export function openSliceWriting(connection: Connection): SliceWriting {
  const labels = connection.query("select text from label where kind = ?");
  const addLabel = connection.query("insert or ignore into label (kind, text) values (?, ?)");
  const columns = ["step", "at", "name", "queue", "last_at", ...summed];
  const add = connection.query(
    `insert into slice (${columns.join(", ")}) values (${columns.map(() => "?").join(", ")}) on conflict do update set
     last_at = max(last_at, excluded.last_at), ${summed.map((column) => `${column} = ${column} + excluded.${column}`).join(", ")}`,
  );
  const prune = connection.query(
    "delete from slice where (step, at, name, queue) in (select step, at, name, queue from slice where step = ? and at < ? limit ?)",
  );
  const known = new Labels();

  function label(kind: LabelKind, text: string): string {
    if (!known.knows(kind))
      known.learn(
        kind,
        labels.all([kind]).map(([found]) => String(found)),
      );
    return known.label(kind, text, (...added) => addLabel.run(added));
  }

  return {
    add(increments) {
      for (const { step, at, name, queue, lastAt, wait, run, ...counted } of increments) {
        const values: Value[] = [step, at, label("task", name), label("queue", queue), lastAt];
        add.run([...values, ...counts.map((count) => counted[count]), ...wait, ...run]);
      }
    },
    prune(now, limit) {
      for (const step of [minute, hour] as const) prune.run([step, now - keptSeconds[step], limit]);
    },
    forget: () => known.forget(),
  };
}

export interface SliceReading {
  /** See `History`. `now`: epoch seconds. */
  series(query: SeriesQuery, now: number): readonly Slice[];
  types(query: Omit<SeriesQuery, "step">, now: number): readonly TypeSummary[];
  taskTypes(): readonly string[];
}

export function openSliceReading(connection: Connection): SliceReading {
  const where = "step = ?1 and at >= ?2 and at < ?3 and (?4 is null or name = ?4) and (?5 is null or queue = ?5)";
  const series = connection.query(`select at, ${sums} from slice where ${where} group by at order by at`);
  const types = connection.query(
    `select name, max(last_at), ${sums} from slice where ${where} and name <> '' group by name order by max(last_at) desc`,
  );
  const labels = connection.query("select text from label where kind = 'task' order by text");
  return {
    series(query, now) {
      const range = seriesRange(query, now);
      return seriesOf(range, series.all([range.grain, range.first, query.to, query.name ?? null, query.queue ?? null]));
    },
    types(query, now) {
      const { grain, first } = typesRange(query, now);
      return types.all([grain, first, query.to, query.name ?? null, query.queue ?? null]).map(typeOf);
    },
    taskTypes: () => labels.all([]).map(([text]) => String(text)),
  };
}
