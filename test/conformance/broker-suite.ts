/**
 * What every broker does, whichever server is behind it. A driver's test file calls `describeBroker` with a way to open a world
 * (one server, database or file of its own) and the traits in which its server differs.
 */
import { afterAll, beforeAll, describe } from "vitest";
import { describeBroadcasting } from "./broker/broadcasting.ts";
import { describeChangingQueues } from "./broker/changing-queues.ts";
import { describeChordSettling } from "./broker/chords.ts";
import { describeClaiming } from "./broker/claiming.ts";
import { describeDeadLetters } from "./broker/dead-letters.ts";
import { describeDelaying } from "./broker/delaying.ts";
import { describePausing } from "./broker/pausing.ts";
import { describePublishing } from "./broker/publishing.ts";
import { describeQueues } from "./broker/queues.ts";
import { describeReconnecting } from "./broker/reconnecting.ts";
import { describeRouting } from "./broker/routing.ts";
import { describeSettling } from "./broker/settling.ts";
import { type BrokerTraits, type BrokerWorld, createCases, type OpenCase } from "./broker/world.ts";

export type { BrokerTraits, BrokerWorld } from "./broker/world.ts";

/** `open` is called once before the cases; every case takes queues of its own from the world. */
export function describeBroker(name: string, open: () => Promise<BrokerWorld>, traits: BrokerTraits): void {
  describeWith(name, open, (cases) => {
    describeTransported(cases, traits);
    describe("settling", () => describeSettling(cases, traits));
    if (traits.settlesResults) describe("chords", () => describeChordSettling(cases));
    describe("dead letters", () => describeDeadLetters(cases));
    describe("routing", () => describeRouting(cases));
    describe("changing queues", () => describeChangingQueues(cases, traits));
    describe("queues", () => describeQueues(cases, traits));
    // They last for seconds whatever the machine, so they wait beside each other.
    describe.concurrent("delaying", () => describeDelaying(cases));
    describe.concurrent("pausing", () => describePausing(cases));
  });
}

/** For another way to reach a server whose driver passes all of it elsewhere: what depends on the connection. */
export function describeBrokerTransport(name: string, open: () => Promise<BrokerWorld>, traits: BrokerTraits): void {
  describeWith(name, open, (cases) => describeTransported(cases, traits));
}

function describeTransported(cases: OpenCase, traits: BrokerTraits): void {
  describe("publishing", () => describePublishing(cases, traits));
  describe("claiming", () => describeClaiming(cases, traits));
  describe("broadcasting", () => describeBroadcasting(cases, traits));
  if (traits.reconnects) describe("reconnecting", () => describeReconnecting(cases));
}

function describeWith(name: string, open: () => Promise<BrokerWorld>, body: (cases: OpenCase) => void): void {
  describe(`${name} as a broker`, { timeout: 60_000 }, () => {
    let world: BrokerWorld;
    beforeAll(async () => {
      world = await open();
    }, 120_000);
    afterAll(async () => {
      await world.dispose();
    }, 60_000);
    body(createCases(() => world));
  });
}
