/** How often a worker tells monitors that it is there. */
import type { EventDispatcher } from "@celeriac/core/runtime";
import { expect, it } from "vitest";
import { createPresence } from "../../../packages/worker/src/presence.ts";
import { createFakeClock } from "../../support/fake-clock.ts";

function world(beatMs: number) {
  const told: string[] = [];
  const clock = createFakeClock();
  const dispatcher: EventDispatcher = {
    send: (type, fields) => void told.push(`${type} ${(fields as { freq: number }).freq}`),
    dropped: 0,
    isAway: false,
    close: async () => void told.push("closed"),
  };
  let beats = 0;
  const beaten = () => void beats++;
  const presence = createPresence({ dispatcher, clock, load: () => ({ active: 0, processed: 0 }), beatMs, beaten });
  return { told, clock, presence, beats: () => beats };
}

it("beats as often as it is told, and says so", async () => {
  const { told, clock, presence, beats } = world(5_000);
  presence.online();
  await clock.advance(11_000);
  await presence.offline();
  expect(told).toEqual(["worker-online 5", "worker-heartbeat 5", "worker-heartbeat 5", "worker-offline 5", "closed"]);
  expect(beats()).toBe(2);
});

it("says nothing of itself where it is not to, and closes what tells of tasks all the same", async () => {
  const { told, clock, presence } = world(0);
  presence.online();
  await clock.advance(11_000);
  await presence.offline();
  expect(told).toEqual(["closed"]);
});
