/** Which runs a real Airflow makes, tick by tick and from given moments, beside those that are made here. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createTimetable } from "../../../../../packages/airflow-bridge/src/dag/timetable/create-timetable.ts";
import type { DataInterval, RunInfo, Timetable } from "../../../../../packages/airflow-bridge/src/dag/timetable/timetable.ts";
import { every } from "../../../../../packages/core/src/schedules/interval.ts";

/** How far each run begins behind the one before, and how long its interval is, "1d*88 23h", or "=1d": until the next one begins, and the last one's length. */
type Chain = readonly [start: string, steps: string, lengths: string];
/** One text per now: begin of each run in seconds from it, "+" length of its interval; "-": none; "!": Airflow raises an error. */
type Decisions = readonly string[];

interface Rows {
  readonly kind: "trigger" | "interval";
  readonly chains: readonly Chain[];
  readonly decisions: Decisions;
}

interface Table {
  readonly nows: readonly string[];
  readonly earliest: readonly (string | null)[];
  readonly latest: string;
  readonly presets: readonly string[];
  readonly ticks: number;
  readonly crons: readonly (Rows & { readonly cron: string; readonly tz: string })[];
  readonly deltas: readonly (Rows & { readonly seconds: number })[];
  readonly once: Decisions;
  readonly continuous: Decisions;
}

const table = JSON.parse(readFileSync(new URL("../../../../golden/airflow/dag/timetables.json", import.meta.url), "utf8")) as Table;
const zones = [...new Set(table.crons.map(({ tz }) => tz))];
const hourMs = 3_600_000;

describe.each(zones)("runs in %s", (tz) => {
  const rows = table.crons.filter((row) => row.tz === tz);
  const timetables = rows.map(({ cron, kind }) => ({
    name: `${cron} ${kind}`,
    timetable: createTimetable({ when: cron, tz, timetable: kind }),
  }));

  it("come one after the other as Airflow's", () => {
    const differences = rows.flatMap(({ chains }, at) =>
      chains.flatMap((chain) =>
        chainDifference(timetables[at]!.timetable, chain).map((found) => `${timetables[at]!.name} from ${chain[0]}: ${found}`),
      ),
    );
    expect(differences).toEqual([]);
  });

  it("are decided on as Airflow does", () => {
    const differences = rows.flatMap(({ decisions }, at) =>
      decisionDifferences(timetables[at]!.timetable, decisions).map((found) => `${timetables[at]!.name} ${found}`),
    );
    expect(differences).toEqual([]);
  });
});

it("has a thousand runs of each preset in two zones with clock changes, by both rules", () => {
  const long = table.crons.filter(({ chains }) => unpacked(chains[0]![1]).length === table.ticks);
  expect(long.map(({ cron, tz, kind }) => `${cron} ${tz} ${kind}`)).toEqual(
    table.presets.flatMap((cron) => zones.slice(0, 2).flatMap((tz) => ["trigger", "interval"].map((kind) => `${cron} ${tz} ${kind}`))),
  );
  expect(table.ticks).toBe(1_000);
});

describe("runs", () => {
  it.each(table.deltas)("of a $kind every $seconds s are Airflow's", ({ seconds, kind, chains, decisions }) => {
    const timetable = createTimetable({ when: every(seconds), tz: "UTC", timetable: kind });
    expect([...chains.flatMap((chain) => chainDifference(timetable, chain)), ...decisionDifferences(timetable, decisions)]).toEqual([]);
  });

  it.each(["once", "continuous"] as const)("of @%s are Airflow's", (name) => {
    const timetable = createTimetable({ when: `@${name}`, tz: "UTC", timetable: "trigger" });
    const ours = table.nows.map((text) => {
      const now = instant(text)!;
      const lasts = [null, { start: now - 2 * hourMs, end: now - hourMs }, { start: now + hourMs, end: now + 3 * hourMs }];
      const each = table.earliest.flatMap((earliest) =>
        lasts.flatMap((last) =>
          [null, instant(table.latest)].flatMap((latest) =>
            [false, true].map((catchUp) => told(timetable.next(last, { earliest: instant(earliest), latest, catchUp }, now), now)),
          ),
        ),
      );
      return each.join(" ");
    });
    expect(ours).toEqual(table[name]);
  });
});

/** The first run that is another one. */
function chainDifference(timetable: Timetable, [start, steps, lengths]: Chain): readonly string[] {
  const stepsMs = unpacked(steps);
  const lengthsMs = lengths.startsWith("=") ? [...stepsMs.slice(1), ...unpacked(lengths.slice(1))] : unpacked(lengths);
  const earliest = instant(start)!;
  let last: DataInterval | null = null;
  let expected = earliest;
  for (const [at, stepMs] of stepsMs.entries()) {
    expected += stepMs;
    const info: RunInfo | null = timetable.next(last, { earliest, latest: null, catchUp: true }, earliest);
    const end = expected + lengthsMs[at]!;
    if (info?.logicalDate !== expected || info.interval.start !== expected || info.interval.end !== end || info.runAfter !== end)
      return [
        `run ${at}: expected ${iso(expected)} to ${iso(end)}, found ${info && `${iso(info.interval.start)} to ${iso(info.interval.end)}`}`,
      ];
    last = info.interval;
  }
  return [];
}

function decisionDifferences(timetable: Timetable, decisions: Decisions): readonly string[] {
  return table.nows.flatMap((text, at) => {
    const now = instant(text)!;
    const expected = decisions[at]!.split(" ");
    return decisionsOf(timetable, now).flatMap((found, which) =>
      found === expected[which] || expected[which] === "!"
        ? []
        : [`at ${text}, decision ${which}: expected ${expected[which]}, found ${found}`],
    );
  });
}

function decisionsOf(timetable: Timetable, now: number): readonly string[] {
  const before = timetable.next(null, { earliest: Date.UTC(2025, 0, 1), latest: null, catchUp: false }, now - 37 * hourMs)!.interval;
  const found = table.earliest.flatMap((earliest) =>
    [null, before].flatMap((last) =>
      [false, true].map((catchUp) => told(timetable.next(last, { earliest: instant(earliest), latest: null, catchUp }, now), now)),
    ),
  );
  const { start, end } = timetable.manual(now);
  return [
    ...found,
    told(timetable.next(before, { earliest: null, latest: instant(table.latest), catchUp: false }, now), now),
    `${(start - now) / 1_000}+${(end - start) / 1_000}`,
  ];
}

function told(info: RunInfo | null, now: number): string {
  if (info === null) return "-";
  const { start, end } = info.interval;
  return `${(start - now) / 1_000}${start === end ? "" : `+${(end - start) / 1_000}`}`;
}

const unitMs: Readonly<Record<string, number>> = { d: 24 * hourMs, h: hourMs, m: 60_000, s: 1_000 };

/** "1d*2 23h" → [86400000, 86400000, 82800000] */
function unpacked(text: string): readonly number[] {
  return text.split(" ").flatMap((part) => {
    const [, count, unit, times] = /^(-?\d+)([dhms])(?:\*(\d+))?$/.exec(part)!;
    return Array.from({ length: Number(times ?? 1) }, () => Number(count) * unitMs[unit!]!);
  });
}

function instant<T extends string | null>(text: T): T extends null ? null : number {
  return (text === null ? null : Date.parse(`${text}Z`)) as T extends null ? null : number;
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 19);
}
