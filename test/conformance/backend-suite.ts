/**
 * The conformance suite of result backends: what `packages/core/src/backend.ts` promises, run against every driver.
 * A driver's test file calls `describeBackend` with a function that opens a world of its own.
 */
import { describe } from "vitest";
import { describeChords } from "./backend/chords.ts";
import { describeGroups } from "./backend/groups.ts";
import { describeLife } from "./backend/life.ts";
import { describeLookup } from "./backend/lookup.ts";
import { describeNewestWins } from "./backend/newest-wins.ts";
import { describeSubscriptions } from "./backend/subscriptions.ts";
import { type BackendWorld, startSuite } from "./backend/world.ts";

export type { BackendWorld } from "./backend/world.ts";

export function describeBackend(
  name: string,
  openWorld: () => Promise<BackendWorld>,
  { countsChords = true }: { readonly countsChords?: boolean } = {},
): void {
  describe(`result backend: ${name}`, () => {
    const suite = startSuite(openWorld);
    describeLookup(suite);
    describeNewestWins(suite);
    describeSubscriptions(suite);
    describeGroups(suite);
    if (countsChords) describeChords(suite);
    describeLife(suite);
  });
}

/** For another way to reach a server whose driver passes all of it elsewhere: what depends on the connection. */
export function describeBackendTransport(name: string, openWorld: () => Promise<BackendWorld>): void {
  describe(`result backend: ${name}`, () => {
    const suite = startSuite(openWorld);
    describeLookup(suite);
    describeSubscriptions(suite);
    describeLife(suite);
  });
}
