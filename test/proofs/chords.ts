/** A chord of many members: how soon its body is sent when the last of them has ended, how often it runs, and what the worker keeps of them. */
import { readFileSync } from "node:fs";
import { chordOf } from "@celeriac/core";
import { places } from "../support/fault/places.ts";
import { createFaultWorld, type FaultWorld } from "../support/fault/world.ts";
import { startRedis } from "../support/redis-server.ts";
import { atMost, exactly, type Figure, type Proof } from "./figure.ts";

const members = 10_000;
const rounds = 3;
/** Waits between two looks at the ledger. */
const lookMs = 5;

export const chords: Proof = {
  name: "chords",
  how: `${rounds} chords of ${members.toLocaleString("en")} members, one after another, on one worker with one thread. Members give back a number each; the body leaves a line when it runs. Measured is from the line of the last member to the body's, and how much more memory the worker's process has when the body has run than when a tenth of the members had.`,
  async run(tell) {
    const redis = await startRedis();
    try {
      const [onRedis, onSqlite] = [createFaultWorld(() => redis.url), createFaultWorld(await places.sqlite())];
      return [...(await figuresOf(onRedis, "Redis", tell)), ...(await figuresOf(onSqlite, "SQLite", tell))];
    } finally {
      await redis.stop();
    }
  },
};

async function figuresOf(world: FaultWorld, name: string, tell: (line: string) => void): Promise<readonly Figure[]> {
  const { mark, gather } = world.client;
  const worker = await world.startWorker({ options: { pool: "threads", concurrency: 1, hostname: "counter@here" } });
  const total = (members * (members - 1)) / 2;
  const delays: number[] = [];
  const grown: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    const before = world.ledger().length;
    const lines = () => world.ledger().slice(before);
    const sent = chordOf(
      Array.from({ length: members }, (_, n) => mark.s(n, 0)),
      gather.s(),
    ).delay();
    const has = (share: number) => lines().filter(({ what }) => what === "end").length >= members * share;
    await until(() => has(0.1), 50);
    const early = residentMb(worker.pid);
    await until(() => has(0.98), 50);
    await until(() => has(1), lookMs);
    const endedAt = performance.now();
    await until(() => lines().some(({ what }) => what === "after"), lookMs);
    delays.push(performance.now() - endedAt);
    if ((await (await sent).get({ timeout: "60s" })) !== total) throw new Error("The body was given other results");
    grown.push(residentMb(worker.pid) - early);
    tell(
      `${name}, round ${round}: ${Math.round(delays.at(-1)!)} ms, ${Math.round(early)} MB and ${Math.round(grown.at(-1)!)} MB more at the end`,
    );
  }
  await worker.stop();
  const bodies = world.ledger().filter(({ what }) => what === "after").length;
  await world.dispose();
  return [
    exactly(`${name}: runs of the bodies of ${rounds} chords`, bodies, rounds),
    atMost(`${name}: last member's end until the body runs`, delays.map(Math.round), 1_000, " ms"),
    atMost(`${name}: the worker's memory grows from a tenth of the members to the end`, grown.map(Math.round), 50, " MB"),
  ];
}

async function until(isSo: () => boolean, everyMs: number): Promise<void> {
  while (!isSo()) await new Promise<void>((resolve) => setTimeout(resolve, everyMs));
}

function residentMb(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1_024;
}
