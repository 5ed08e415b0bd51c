/** Slots on a server that has to hear of their holder: whoever is silent for 12 s has lost them, and is told. */
import { describe, expect, it } from "vitest";
import { HeldSlots, type SlotName, slotTiming } from "../../../../packages/core/src/coordinators/held-slots.ts";
import { silentLogger } from "../../../../packages/core/src/logger.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";

function start() {
  const clock = createFakeClock();
  const server = { ours: (_: SlotName) => true, reachable: true, renewed: 0, freed: [] as string[] };
  const unreachable = () => new Error("not reachable");
  const slots = new HeldSlots({
    clock,
    logger: silentLogger,
    timing: slotTiming,
    async renew(held) {
      if (!server.reachable) throw unreachable();
      server.renewed += held.length;
      return held.map(server.ours);
    },
    async free({ holder }) {
      if (!server.reachable) throw unreachable();
      server.freed.push(holder);
    },
  });
  const hold = (holder: string) => slots.hold({ key: "k", holder }, clock.monotonic());
  return { clock, server, slots, hold };
}

describe("slots that are held", () => {
  it("are renewed every 3 s, as long as there are any", async () => {
    const { clock, server, hold } = start();
    const slot = hold("a");
    hold("b");
    await clock.advance(60_000);
    expect(server.renewed).toBe(40);
    expect(slot.lost.aborted).toBe(false);
    await slot.release();
    await clock.advance(3_000);
    expect(server.renewed).toBe(41);
  });

  it("need no timer when the last is released, or all are given back", async () => {
    const { clock, server, slots, hold } = start();
    await hold("a").release();
    expect(clock.pending).toBe(0);
    hold("b");
    hold("c");
    await slots.close();
    expect(server.freed).toEqual(["a", "b", "c"]);
    expect(clock.pending).toBe(0);
  });

  it("are lost when the server says so, and only those", async () => {
    const { clock, server, hold } = start();
    const [taken, kept] = [hold("taken"), hold("kept")];
    server.ours = ({ holder }) => holder !== "taken";
    await clock.advance(3_000);
    expect([taken.lost.aborted, kept.lost.aborted]).toEqual([true, false]);
    await taken.release();
    expect(server.freed).toEqual([]);
  });

  it("outlive a server that is away for less than 12 s, and no longer", async () => {
    const { clock, server, hold } = start();
    const slot = hold("a");
    await clock.advance(3_000);
    server.reachable = false;
    await clock.advance(9_000);
    expect(slot.lost.aborted).toBe(false);
    server.reachable = true;
    await clock.advance(3_000);
    server.reachable = false;
    await clock.advance(11_999);
    expect(slot.lost.aborted).toBe(false);
    await clock.advance(1);
    expect(slot.lost.aborted).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it("can be given back to a server that is away: it frees them by itself", async () => {
    const { server, slots, hold } = start();
    const slot = hold("a");
    server.reachable = false;
    await slots.close();
    await slot.release();
  });
});
