/**
 * Workers of a chord's last member that die at any await between the member's end and the body's: the body runs once all the same. Each dies with a
 * queue of its own, one after another; then one heir takes all of their queues.
 */
import { type AsyncResult, chordOf, type GroupResult } from "@celeriac/core";
import type { FailpointName } from "@celeriac/core/testing";
import { afterAll, beforeAll, expect } from "vitest";
import { beside, inTurn as it } from "../support/beside.ts";
import { eventually } from "../support/eventually.ts";
import { places } from "../support/fault/places.ts";
import { createFaultWorld, type FaultWorker, type FaultWorld, missedSoon } from "../support/fault/world.ts";
import { redisUrl } from "../support/servers.ts";

const members = 4;
const lastSettlement = { point: "settle.before", times: members } as const;
const onOneServer: readonly { readonly point: FailpointName; readonly times: number }[] = [
  lastSettlement,
  { point: "chord.complete", times: 1 },
  { point: "chord.composed", times: 1 },
  { point: "chord.closed", times: 1 },
  { point: "settle.acknowledged", times: members },
];
const onTwo: typeof onOneServer = [
  { point: "settle.stored", times: members },
  { point: "chord.complete", times: 1 },
  { point: "chord.composed", times: 1 },
  { point: "chord.published", times: 1 },
  { point: "chord.closed", times: 1 },
];

const setups = [
  { words: "sqlite", place: places.sqlite, backend: async () => undefined, points: onOneServer, mostBodies: 1 },
  { words: "redis", place: places.redis, backend: async () => undefined, points: onOneServer, mostBodies: 1 },
  // Where publishing and closing are two steps the body may be sent again, as the same task.
  { words: "amqp with results in redis", place: places.amqp, backend: redisUrl, points: onTwo, mostBodies: 2 },
] as const;
// A thread shares the process with its worker, so that every point kills both.
const options = { pool: "threads", concurrency: 1 } as const;

beside.each(setups)("$words: the worker of a chord's last member killed", ({ place, backend, points, mostBodies }) => {
  const sent = new Map<FailpointName, AsyncResult<number>>();
  let world: FaultWorld;
  let heir: FaultWorker;

  beforeAll(async () => {
    world = createFaultWorld(await place(), { resultBackend: await backend() }, missedSoon);
    for (const { point, times } of points) await dieAt(point, times);
    heir = await world.startWorker({
      options: { ...options, hostname: "heir@here", queues: [...points.map(({ point }) => point), "bodies"] },
    });
  });
  afterAll(() => world?.dispose());

  /** What the members of a point's chord give: no other chord's have their sum. */
  const numbersOf = (point: FailpointName) =>
    Array.from({ length: members }, (_, n) => 100 * points.findIndex((each) => each.point === point) + n);
  const sumOf = (point: FailpointName) => numbersOf(point).reduce((sum, n) => sum + n);

  async function dieAt(point: FailpointName, times: number): Promise<void> {
    const doomed = await world.startWorker({
      options: { ...options, hostname: `doomed-${point}@here`, queues: [point] },
      dieAt: { point, times },
    });
    const { mark, gather } = world.client;
    const header = numbersOf(point).map((n) => mark.s(n, 1).set({ queue: point }));
    // Where only the heir consumes: begun by the one that dies, it would run again without having been sent again.
    sent.set(point, await chordOf(header, gather.s().set({ queue: "bodies" })).delay());
    await doomed.ended;
  }

  it.each(points)(
    "at $point neither keeps the body nor sends another",
    async ({ point }) => {
      const body = sent.get(point)!;
      expect(await body.get({ timeout: "60s" })).toBe(sumOf(point));
      // The body, and the last member once more, unless it was acknowledged: it comes back when the dead one is missed.
      const header = (body.parent as GroupResult<readonly number[]>).results.map(({ id }) => id);
      const hasEnded = (id: string) => new RegExp(`"${id}".*task-succeeded`).test(heir.log());
      await eventually(() => expect([hasEnded(body.id), header.some(hasEnded)]).toEqual([true, point !== "settle.acknowledged"]), {
        withinMs: 60_000,
      });
      const bodies = world.ledger().filter(({ what, n }) => what === "after" && n === sumOf(point));
      expect(bodies.length).toBeGreaterThanOrEqual(1);
      expect(bodies.length).toBeLessThanOrEqual(point === "chord.published" ? mostBodies : 1);
    },
    120_000,
  );

  it("at any of them fails no task", async () => {
    expect(await heir.stop()).toMatchObject({ "task-failed": 0 });
  });
});
