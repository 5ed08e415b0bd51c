import { describe, expect, it } from "vitest";
import { readOptions } from "../../../bench/options.ts";
import { cellsOf, leftOut } from "../../../bench/peers.ts";

describe("what a run of the benchmarks is asked for", () => {
  it("is everything, unless told", () => {
    const options = readOptions([]);
    expect(options).toMatchObject({ only: ["enqueue", "drain", "latency", "roundtrip"], brokers: ["redis", "amqp", "sqlite"], out: null });
    expect(options.who).toEqual(["celeriac", "raw", "bullmq", "celery"]);
  });

  it("may be a part, in an order of its own, with or without ours", () => {
    const args = [
      "--only",
      "latency,drain",
      "--broker",
      "redis",
      "--peers",
      "celery,bullmq",
      "--pool",
      "async",
      "--n",
      "500",
      "--limit",
      "9",
    ];
    expect(readOptions(args)).toMatchObject({
      only: ["drain", "latency"],
      brokers: ["redis"],
      pools: ["async"],
      who: ["celeriac", "bullmq", "celery"],
      n: 500,
      limitMs: 9_000,
    });
    expect(readOptions(["--peers", "raw", "--without-celeriac"]).who).toEqual(["raw"]);
    expect(readOptions(["--peers", ""]).who).toEqual(["celeriac"]);
  });

  it.each([
    [["--only", "drain,sleep"], '--only "sleep" is unknown'],
    [["--n", "many"], "--n many: expected a whole number"],
    [["--reps", "0"], "--reps 0: expected a whole number of at least 1"],
    [["--speed", "9"], "--speed"],
  ])("is refused where it makes no sense: %j", (args, message) => {
    expect(() => readOptions(args)).toThrow(message);
  });
});

describe("the cells of a run", () => {
  it("are the same amount of work for everyone", () => {
    const cells = cellsOf(readOptions(["--broker", "redis", "--n", "1000"]));
    for (const workload of ["enqueue", "drain", "latency", "roundtrip"]) {
      const amounts = cells
        .filter((cell) => cell.workload === workload)
        .map(({ who, results, inFlight, n }) => ({ who, results, inFlight, n }));
      const of = (who: string) => [
        ...new Set(amounts.filter((cell) => cell.who === who).map(({ who: _, ...rest }) => JSON.stringify(rest))),
      ];
      for (const who of ["raw", "bullmq", "celery"]) expect(of(who)).toEqual(of("celeriac"));
    }
  });

  it("leave out, and say so, what a peer does not have", () => {
    const options = readOptions(["--only", "drain", "--broker", "sqlite", "--peers", "bullmq"]);
    expect(cellsOf(options).map(({ who }) => who)).not.toContain("bullmq");
    expect(leftOut(options)).toContain("bullmq has no sqlite broker");
  });

  it("try BullMQ in more than one way", () => {
    const cells = cellsOf(readOptions(["--only", "drain", "--broker", "redis", "--peers", "bullmq", "--pool", "async"]));
    expect(new Set(cells.filter(({ who, results }) => who === "bullmq" && !results).map(({ setting }) => setting)).size).toBeGreaterThan(1);
  });
});
