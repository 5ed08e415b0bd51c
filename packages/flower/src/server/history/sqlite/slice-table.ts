/** What happened in each minute and hour, by task name and queue: increments are added where they lie, and summed up where they are read. */
import type { Connection, Row, Value } from "@celeriac/core/runtime";
import { histogramBounds, type SeriesQuery, type Slice, type TypeSummary } from "../history.ts";
import { emptySlice, hour, minute, type SliceIncrement } from "../tally.ts";
import { bucketColumns } from "./schema.ts";

/** So many names, and as many queues, have slices of their own; all others share this one. */
const mostLabels = 2_000;
const otherLabel = "_other";
/** How long slices are kept, seconds. */
const keptSeconds = { [minute]: 48 * hour, [hour]: 30 * 24 * hour } as const;

const counts = ["received", "succeeded", "failed", "retried", "revoked"] as const;
const summed = [...counts, ...bucketColumns];
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
  const known = new Map<string, Set<string>>();

  function label(kind: "task" | "queue", text: string): string {
    let texts = known.get(kind);
    if (texts === undefined) {
      texts = new Set(labels.all([kind]).map(([found]) => String(found)));
      known.set(kind, texts);
    }
    if (text === "" || texts.has(text)) return text;
    if (texts.size >= mostLabels) return otherLabel;
    texts.add(text);
    addLabel.run([kind, text]);
    return text;
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
    forget: () => known.clear(),
  };
}

export interface SliceReading {
  /** See `History`. `now`: epoch seconds. */
  series(query: SeriesQuery, now: number): readonly Slice[];
  types(query: Omit<SeriesQuery, "step">, now: number): readonly TypeSummary[];
  taskTypes(): readonly string[];
}

/** A series has no more points than this. */
const mostPoints = 10_000;

export function openSliceReading(connection: Connection): SliceReading {
  const where = "step = ?1 and at >= ?2 and at < ?3 and (?4 is null or name = ?4) and (?5 is null or queue = ?5)";
  const series = connection.query(`select at, ${sums} from slice where ${where} group by at order by at`);
  const types = connection.query(
    `select name, max(last_at), ${sums} from slice where ${where} and name <> '' group by name order by max(last_at) desc`,
  );
  const labels = connection.query("select text from label where kind = 'task' order by text");
  return {
    series({ from, to, step, name, queue }, now) {
      const grain = step % hour === 0 || from < now - keptSeconds[minute] ? hour : minute;
      const width = Math.max(grain, Math.floor(step / grain) * grain);
      const first = Math.floor(from / width) * width;
      const points = Math.min(mostPoints, Math.max(0, Math.ceil((to - first) / width)));
      const slices = Array.from({ length: points }, (_, index) => emptySlice(first + index * width));
      for (const [at, ...row] of series.all([grain, first, to, name ?? null, queue ?? null])) {
        const slice = slices[Math.floor((Number(at) - first) / width)];
        if (slice !== undefined) addTo(slice, row);
      }
      return slices;
    },
    types({ from, to, name, queue }, now) {
      const grain = from < now - keptSeconds[minute] ? hour : minute;
      const first = Math.floor(from / grain) * grain;
      return types.all([grain, first, to, name ?? null, queue ?? null]).map(([type, lastAt, ...row]) => {
        const { at: _, ...slice } = addTo(emptySlice(0), row);
        return { name: String(type), lastAt: Number(lastAt), ...slice };
      });
    },
    taskTypes: () => labels.all([]).map(([text]) => String(text)),
  };
}

type Growing = { -readonly [K in keyof Slice]: Slice[K] } & { wait: number[]; run: number[] };

/** `row`: as `summed` has its columns. */
function addTo(slice: Growing, row: Row): Growing {
  const numbers = row.map(Number);
  for (const [index, count] of counts.entries()) slice[count] += numbers[index]!;
  const buckets = histogramBounds.length + 1;
  for (let bucket = 0; bucket < buckets; bucket += 1) {
    slice.wait[bucket]! += numbers[counts.length + bucket]!;
    slice.run[bucket]! += numbers[counts.length + buckets + bucket]!;
  }
  return slice;
}
