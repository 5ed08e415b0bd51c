/** The overview's verdict: what is wrong, worst first. */
import { expect, it } from "vitest";
import type { Overview, QueueRow } from "../../../../packages/flower/src/shared/contract.ts";
import { verdictOf } from "../../../../packages/flower/src/web/present/verdict.ts";

const calm: Overview = {
  workers: { online: 2, offline: 0, active: 1, slots: 4 },
  throughput: 3,
  failureRate: 0.01,
  queues: [],
  series: { step: 60, points: [] },
  failing: [],
  banners: [],
};
const queue = (known: Partial<QueueRow>): QueueRow => ({ name: "mail", messages: 0, oldest: null, consumers: 1, paused: false, ...known });
const said = (part: Partial<Overview>) => {
  const { level, headline, troubles } = verdictOf({ ...calm, ...part });
  return { level, headline, troubles: troubles.map(({ level: weight, text }) => `${weight}: ${text}`) };
};

it("finds nothing where nothing is wrong", () => {
  expect(said({})).toEqual({ level: "good", headline: "All is well", troubles: [] });
  expect(said({ failureRate: null }).level).toBe("idle");
});

it("says what is wrong, the worst first", () => {
  expect(
    said({
      workers: { online: 2, offline: 1, active: 4, slots: 4 },
      failureRate: 0.3,
      queues: [queue({ messages: 12, consumers: 0 }), queue({ name: "slow", messages: 1, oldest: 400 })],
      failing: [{ name: "tasks.fail", failed: 9, ended: 10, lastException: null }],
    }),
  ).toEqual({
    level: "bad",
    headline: "6 things need a look",
    troubles: [
      "bad: Queue mail has 12 messages and no consumer",
      "bad: 30 % of the tasks of the last five minutes failed",
      "warn: 1 worker is offline",
      "warn: Every slot is busy and 13 messages wait",
      "warn: The oldest message in slow has waited 6 min 40 s",
      "warn: tasks.fail failed 9 of 10 times in the last hour",
    ],
  });
});

it("does not warn of what nobody should wake for", () => {
  expect(said({ queues: [queue({ messages: 12, consumers: 0, paused: true }), queue({ messages: 0, consumers: 0 })] }).troubles).toEqual(
    [],
  );
  expect(said({ failing: [{ name: "tasks.fail", failed: 2, ended: 2, lastException: null }] }).troubles).toEqual([]);
});

it("takes a single trouble for the headline", () => {
  const workers = { online: 0, offline: 0, active: 0, slots: null };
  expect(said({ workers })).toMatchObject({ level: "bad", headline: "No worker has been heard of" });
});
