/** Part of the suite of histories: several monitors on one history. */
import { expect } from "vitest";
import { inTurn as it } from "../../support/beside.ts";
import { heard, success, workerEvent } from "../../support/heard.ts";
import { type HistorySuite, now } from "./world.ts";

export function describeSharing(suite: HistorySuite): void {
  it("counts once what two monitors hear", async () => {
    const world = await suite.openOwn();
    if (!world.isKept) return;
    const one = await world.open();
    const other = await world.open();
    for (let n = 0; n < 20; n += 1) {
      const events = [...success(`t${n}`, now + n), workerEvent("heartbeat", "w1@box", now + n)];
      for (const [at, event] of events.entries()) {
        one.hear(heard(event));
        other.hear(heard(event));
        // Each is ahead of the other at times.
        if ((n + at) % 3 === 0) await (n % 2 === 0 ? one : other).settled();
      }
    }
    await Promise.all([one.settled(), other.settled()]);
    for (const each of [one, other]) {
      expect(await each.facts()).toMatchObject({ tasks: 20, events: 80, trouble: null });
      expect((await each.workers())[0]!.counts).toMatchObject({ "task-succeeded": 20, "worker-heartbeat": 20 });
      expect((await each.types({ from: now - 60, to: now + 120 }))[0]).toMatchObject({ received: 20, succeeded: 20 });
    }
  });
}
