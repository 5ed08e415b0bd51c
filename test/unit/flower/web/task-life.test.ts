/** A task's life as one page tells it: a sentence, steps, attempts. */
import { expect, it } from "vitest";
import type { TaskRow } from "../../../../packages/flower/src/shared/contract.ts";
import { happened } from "../../../../packages/flower/src/web/present/happened.ts";
import { attemptsOf, stepsOf } from "../../../../packages/flower/src/web/present/timeline.ts";

const row = (known: Partial<TaskRow>): TaskRow => ({
  uuid: "u",
  name: "tasks.add",
  state: "PENDING",
  args: null,
  kwargs: null,
  result: null,
  exception: null,
  sent: null,
  received: null,
  started: null,
  ended: null,
  runtime: null,
  wait: null,
  worker: null,
  queue: null,
  exchange: null,
  routingKey: null,
  retries: 0,
  eta: null,
  expires: null,
  timestamp: 100,
  lost: false,
  ...known,
});

it.each([
  [{ state: "SUCCESS", runtime: 1.2 }, "Succeeded in 1.2 s"],
  [{ state: "FAILURE", started: 100, ended: 100.5 }, "Failed after 500 ms"],
  [{ state: "STARTED", started: 90 }, "Running for 20 s"],
  [{ state: "REVOKED" }, "Revoked before it began"],
  [{ state: "RETRY", retries: 1 }, "Will be tried again, after 1 retry"],
  [{ state: "PENDING" }, "Sent; no worker has it yet"],
  [{ state: "STARTED", lost: true }, "Lost: its worker is gone, and nobody has stored an outcome"],
  [{ state: "COOKING" }, "COOKING"],
] as const)("tells of %o: %s", (known, text) => expect(happened(row(known), 110)).toBe(text));

it("measures from one known time to the next", () => {
  const steps = stepsOf(row({ state: "FAILURE", sent: 100, started: 103, ended: 103.5 }));
  expect(steps.map(({ title, at, since }) => [title, at, since])).toEqual([
    ["Sent", 100, null],
    ["Received", null, null],
    ["Started", 103, 3],
    ["Failed", 103.5, 0.5],
  ]);
});

it("never measures less than nothing between clocks that differ", () => {
  expect(stepsOf(row({ sent: 100, received: 99 }))[1]).toMatchObject({ since: 0 });
});

it("leaves open what has not happened", () => {
  expect(stepsOf(row({ state: "STARTED", received: 1, started: 2 })).at(-1)).toMatchObject({ title: "Ends", at: null });
  expect(stepsOf(row({ state: "STARTED", received: 1, started: 2, lost: true })).at(-1)).toMatchObject({ title: "Lost" });
});

it("makes attempts of events", () => {
  const event = (type: string, timestamp: number, fields = {}) => ({ type, timestamp, hostname: "w1@box", fields });
  const events = [
    event("task-received", 1),
    event("task-started", 2),
    event("task-retried", 3, { exception: "OSError('busy')" }),
    event("task-received", 4),
    event("task-started", 5),
    event("task-succeeded", 9),
  ];
  expect(attemptsOf({ events })).toEqual([
    { number: 1, startedAt: 2, endedAt: 3, worker: "w1@box", outcome: "RETRY", exception: "OSError('busy')" },
    { number: 2, startedAt: 5, endedAt: 9, worker: "w1@box", outcome: "SUCCESS", exception: null },
  ]);
});
