/** A worker that dies at any await between claim and settlement: every task still ends once, and what follows it runs once. */

import { type FailpointName, failpointNames } from "@celeriac/core/testing";
import { describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { type BrokerName, places } from "../support/fault/places.ts";
import { createFaultWorld, missedSoon } from "../support/fault/world.ts";

/** Points that a worker of this broker passes: results stored apart only where broker and backend are two, and there are no chords here. */
function pointsOf(broker: BrokerName): readonly FailpointName[] {
  const elsewhere: readonly FailpointName[] =
    broker === "amqp" ? ["settle.opened"] : ["settle.opened", "settle.stored", "settle.published"];
  return failpointNames.filter((point) => !elsewhere.includes(point) && !point.startsWith("chord."));
}

const tasks = 8;

for (const broker of Object.keys(places) as BrokerName[]) {
  describe.concurrent(`${broker}: a worker killed`, () => {
    for (const point of pointsOf(broker)) {
      it(`at ${point} loses nothing, and another one ends its tasks once`, async () => {
        const world = createFaultWorld(await places[broker](), {}, missedSoon);
        try {
          const { mark, after } = world.client;
          // A thread shares the process with its worker, so that every point kills both.
          const doomed = await world.startWorker({
            options: { pool: "threads", concurrency: 1, hostname: "doomed@here" },
            dieAt: { point, times: 3 },
          });
          const sent = await Promise.all(Array.from({ length: tasks }, (_, n) => mark.applyAsync([n, 1], { link: after.s() })));
          await doomed.ended;
          const heir = await world.startWorker({ options: { pool: "threads", concurrency: 1, hostname: "heir@here" } });

          const values = await Promise.all(sent.map((result) => result.get({ timeout: "60s" })));
          expect(values).toEqual(Array.from({ length: tasks }, (_, n) => n));
          await eventually(() => expect(new Set(runsOf(world.ledger(), "after").keys()).size).toBe(tasks), { withinMs: 60_000 });
          const counts = await heir.stop();
          expect(counts["task-failed"]).toBe(0);
          expect(counts["task-dead-lettered"]).toBe(0);
          for (const times of runsOf(world.ledger(), "begin").values()) expect(times).toBeLessThanOrEqual(2);
          const twice = [...runsOf(world.ledger(), "after").values()].filter((times) => times > 1);
          // Follow-ups are published in the settlement's own step on one server; RabbitMQ repeats one when the crash came between publish and acknowledgement.
          expect(twice.length).toBeLessThanOrEqual(broker === "amqp" ? tasks : 1);
        } finally {
          await world.dispose();
        }
      }, 120_000);
    }
  });
}

function runsOf(ledger: readonly { readonly what: string; readonly n: number }[], kind: string): ReadonlyMap<number, number> {
  const runs = new Map<number, number>();
  for (const { what, n } of ledger) if (what === kind) runs.set(n, (runs.get(n) ?? 0) + 1);
  return runs;
}
