/** How workers are asked what they are: never all at once, however many there are, and at once where somebody wants to know it of one. */
import { beforeEach, expect, it, onTestFinished } from "vitest";
import { createApp, runtimeOf } from "../../../packages/core/src/app.ts";
import { silentLogger } from "../../../packages/core/src/logger.ts";
import { createInspection, type Inspection, inspectMethods } from "../../../packages/flower/src/server/cluster/inspection.ts";
import { createRedactor } from "../../../packages/flower/src/server/security/redaction.ts";
import { eventually } from "../../support/eventually.ts";
import { createFakeClock, type FakeClock } from "../../support/fake-clock.ts";
import { type Fleet, startFleet } from "../../support/monitor/fleet.ts";

const size = 120;
let clock: FakeClock;
let fleet: Fleet;
let inspection: Inspection;
let number = 0;

beforeEach(async () => {
  const broker = `memory://inspected-${++number}`;
  const app = createApp("watching", { broker });
  clock = createFakeClock();
  fleet = await startFleet(broker, size, 3_600_000);
  const redactor = createRedactor([]);
  inspection = createInspection({ runtime: runtimeOf(app)!, clock, logger: silentLogger, redactor, timeoutMs: 1_000 });
  onTestFinished(async () => {
    inspection.close();
    await fleet.stop();
    await app.close();
  });
});

/** Asks all, with time passing between the groups. */
async function refreshAll(): Promise<void> {
  let isDone = false;
  const done = inspection.refresh().finally(() => {
    isDone = true;
  });
  // No faster than the answers come, which take real time.
  await eventually(async () => {
    await clock.advance(10);
    return isDone;
  });
  await done;
}

/** They beat for the first time. */
async function meetAll(): Promise<void> {
  for (const name of fleet.names) inspection.seen(name);
  expect(fleet.inquiries).toEqual([]);
  await eventually(async () => {
    await clock.advance(250);
    return inspection.workers.size === size;
  });
}

/** What was asked since, without who is there. */
function asked(from: number) {
  return fleet.inquiries.slice(from).filter(({ method }) => method !== "ping");
}

it("asks all of them in groups, and none again that has answered within half a minute", async () => {
  await refreshAll();
  expect(inspection.workers.size).toBe(size);
  const groups = asked(0).map(({ destination }) => destination!);
  expect(groups).toHaveLength(inspectMethods.length * Math.ceil(size / 25));
  expect(Math.max(...groups.map(({ length }) => length))).toBe(25);
  expect(new Set(groups.flat()).size).toBe(size);

  const before = fleet.inquiries.length;
  const [changed, opened] = fleet.names as [string, string];
  inspection.changed(changed);
  await refreshAll();
  await inspection.refresh(opened);
  const again = asked(before).map(({ destination }) => destination);
  expect(again).toEqual([...inspectMethods.map(() => [changed]), ...inspectMethods.map(() => [opened])]);
});

it("asks all once more every five minutes, spread over that time", async () => {
  await meetAll();
  // It had nobody to ask when it began.
  await clock.advance(450_000);
  const before = fleet.inquiries.length;
  const busy = new Set<number>();
  for (let second = 1; second <= 450; second += 1) {
    const sofar = fleet.inquiries.length;
    await clock.advance(1_000);
    if (fleet.inquiries.length > sofar) busy.add(second);
    // The answers of a group come in real time.
    await eventually(() => fleet.inquiries.length % inspectMethods.length === before % inspectMethods.length);
  }
  expect(new Set(asked(before).flatMap(({ destination }) => destination)).size).toBe(size);
  expect(busy.size).toBeGreaterThanOrEqual(Math.ceil(size / 25));
});

it("gathers those that have just come, and asks them in groups", async () => {
  await meetAll();
  expect(Math.max(...asked(0).map(({ destination }) => destination!.length))).toBe(25);
});
