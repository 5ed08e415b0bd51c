/** The worker of a chord's last member dies at any await between the member's end and the body's: the body runs once all the same. */
import type { FailpointName } from "@celeriac/core/testing";
import { describe, expect, it } from "vitest";
import { chordOf } from "../../packages/core/src/canvas/chord.ts";
import { eventually } from "../support/eventually.ts";
import { places } from "../support/fault/places.ts";
import { createFaultWorld, missedSoon } from "../support/fault/world.ts";
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

for (const { words, place, backend, points, mostBodies } of setups) {
  describe.concurrent(`${words}: the worker of a chord's last member killed`, () => {
    for (const dieAt of points) {
      it(`at ${dieAt.point} neither keeps the body nor sends another`, async () => {
        const world = createFaultWorld(await place(), { resultBackend: await backend() }, missedSoon);
        try {
          const { mark, gather } = world.client;
          // A thread shares the process with its worker, so that every point kills both.
          const options = { pool: "threads", concurrency: 1 } as const;
          const doomed = await world.startWorker({ options: { ...options, hostname: "doomed@here" }, dieAt });
          const header = Array.from({ length: members }, (_, n) => mark.s(n, 1));
          // Where only the heir consumes: begun by the one that dies, it would run again without having been sent again.
          const sent = await chordOf(header, gather.s().set({ queue: "bodies" })).delay();
          await doomed.ended;
          const heir = await world.startWorker({ options: { ...options, hostname: "heir@here", queues: ["celery", "bodies"] } });
          expect(await sent.get({ timeout: "60s" })).toBe(6);
          // The body, and the last member once more, unless it was acknowledged: it comes back when the dead one is missed.
          const ended = dieAt.point === "settle.acknowledged" ? 1 : 2;
          await eventually(() => expect(heir.log().match(/task-succeeded/g)?.length ?? 0).toBeGreaterThanOrEqual(ended), {
            withinMs: 60_000,
          });
          const counts = await heir.stop();
          expect(counts["task-failed"]).toBe(0);
          const bodies = world.ledger().filter(({ what }) => what === "after");
          expect(bodies.length).toBeGreaterThanOrEqual(1);
          expect(bodies.length).toBeLessThanOrEqual(dieAt.point === "chord.published" ? mostBodies : 1);
        } finally {
          await world.dispose();
        }
      }, 120_000);
    }
  });
}
