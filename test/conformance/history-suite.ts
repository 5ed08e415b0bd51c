/**
 * The conformance suite of histories: what `packages/flower/src/server/history/history.ts` promises, run against every driver.
 * A driver's test file calls `describeHistory` with a function that opens a world of its own.
 */
import { beside } from "../support/beside.ts";
import { describeCounting } from "./history/counting.ts";
import { describeHearing } from "./history/hearing.ts";
import { describeKeeping } from "./history/keeping.ts";
import { describeListing } from "./history/listing.ts";
import { describeSharing } from "./history/sharing.ts";
import { describeUnfinished } from "./history/unfinished.ts";
import { type HistoryWorld, startSuite } from "./history/world.ts";

export function describeHistory(name: string, openWorld: () => Promise<HistoryWorld>): void {
  beside(`history: ${name}`, () => {
    const suite = startSuite(openWorld);
    describeListing(suite);
    describeHearing(suite);
    describeCounting(suite);
    describeUnfinished(async () => (await suite.openOwn()).open());
    describeKeeping(suite);
    describeSharing(suite);
  });
}
