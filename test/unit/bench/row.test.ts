import { describe, expect, it } from "vitest";
import { ratioOf, ratioText } from "../../../bench/ratio.ts";
import { bestOf, type Cell, type Measurement, percentile, rowOf } from "../../../bench/row.ts";
import { summaryOf } from "../../../bench/summary.ts";
import { tablesOf } from "../../../bench/table.ts";

const drain: Cell = {
  workload: "drain",
  broker: "redis",
  pool: "async",
  who: "celeriac",
  results: false,
  inFlight: null,
  setting: "",
  n: 100,
};

const measured = (perSecond: number, p50Ms: number | null = null): Measurement => ({
  perSecond,
  p50Ms,
  p99Ms: p50Ms,
  resultP50Ms: null,
  resultP99Ms: null,
  cpuMsPerTask: 0.05,
  brokerCpuMsPerTask: null,
});
const row = (changes: Partial<Cell>, ...rates: number[]) =>
  rowOf(
    { ...drain, ...changes },
    rates.map((rate) => measured(rate)),
  );
const latency = (changes: Partial<Cell>, ...starts: number[]) =>
  rowOf(
    { ...drain, workload: "latency", results: true, ...changes },
    starts.map((start) => measured(100, start)),
  );

describe("a row", () => {
  it("has the median of each figure, and keeps every repetition", () => {
    const { perSecond, cpuMsPerTask, brokerCpuMsPerTask, p50Ms, each } = row({}, 30, 10, 80);
    expect({ perSecond, cpuMsPerTask, brokerCpuMsPerTask, p50Ms }).toEqual({
      perSecond: 30,
      cpuMsPerTask: 0.05,
      brokerCpuMsPerTask: null,
      p50Ms: null,
    });
    expect(each.map((one) => one.perSecond)).toEqual([30, 10, 80]);
  });

  it("has percentiles that are linear between neighbours", () => {
    expect(percentile([4, 1, 2, 3], 0.5)).toBe(2.5);
    expect(percentile([1, 2, 3, 4, 5], 0.99)).toBeCloseTo(4.96);
    expect(percentile([7], 0.99)).toBe(7);
  });
});

describe("the best way to set up BullMQ", () => {
  it("is the one with the highest rate, or where the rate is given with the earliest start", () => {
    const slow = row({ who: "bullmq", setting: "1 process" }, 10);
    const quick = row({ who: "bullmq", setting: "2 processes" }, 20);
    const late = latency({ who: "bullmq", setting: "1 process" }, 3);
    const early = latency({ who: "bullmq", setting: "2 processes" }, 2);
    expect(bestOf([slow, quick, late, early])).toEqual([quick, early]);
  });

  it("is not mixed up with another pool, another workload or another's ways", () => {
    const rows = [
      row({ who: "bullmq", setting: "1 process" }, 10),
      row({ who: "bullmq", setting: "1 process", pool: "prefork" }, 20),
      row({ who: "bullmq", setting: "1 process", results: true }, 30),
      row({ who: "celery", setting: "confirmed" }, 1),
      row({ who: "celery", setting: "unconfirmed" }, 2),
    ];
    expect(bestOf(rows)).toEqual(rows);
  });
});

describe("a ratio", () => {
  it("compares repetition with repetition", () => {
    expect(ratioOf(row({}, 30, 10, 80), row({ who: "celery" }, 10, 10, 20))).toEqual({ median: 3, least: 1, most: 4 });
    expect(ratioText({ median: 3, least: 1, most: 14.25 })).toBe("3.00× (1.00–14.3)");
  });

  it("is above 1 where ours starts earlier", () => {
    expect(ratioOf(latency({}, 2), latency({ who: "bullmq" }, 3)).median).toBe(1.5);
  });
});

describe("what is told", () => {
  const rows = [
    row({}, 30, 30, 30),
    row({ pool: "prefork" }, 20, 20, 40),
    row({ who: "bullmq", setting: "1 process" }, 10, 10, 15),
    row({ who: "celery", pool: "prefork" }, 2, 1, 2),
    row({ who: "raw" }, 60, 60, 60),
  ];

  it("is a line for each of ours, beside those that do the same in a pool of that kind, or in the only one they have", () => {
    expect(summaryOf(rows).split("\n").slice(2)).toEqual([
      "| drain, results ignored | redis | async | 3.00× (2.00–3.00) 1 process | 15.0× (15.0–30.0) | 0.50× (0.50–0.50) |",
      "| drain, results ignored | redis | prefork | – | 20.0× (10.0–20.0) | 0.33× (0.33–0.67) |",
    ]);
  });

  it("is a table for each workload, with the spread of each rate", () => {
    const table = tablesOf([...rows, latency({}, 2)]);
    expect(table).toContain("drain, redis: results ignored (n = 100)");
    expect(table).toMatch(/bullmq async \(1 process\) +10 +10–15 .* 3\.00× \(2\.00–3\.00\)/);
    expect(table).toMatch(/celeriac async +2\.00 ms/);
  });
});
