import { expect, test } from "vitest";
import { scripts } from "../../../../packages/core/src/brokers/redis/scripts.ts";
import { Sweeper } from "../../../../packages/core/src/brokers/redis/sweeper.ts";
import { protocolTiming } from "../../../../packages/core/src/brokers/redis/timing.ts";
import { silentLogger } from "../../../../packages/core/src/logger.ts";
import type { RedisConnection } from "../../../../packages/core/src/redis/connection.ts";
import type { RedisScript } from "../../../../packages/core/src/redis/script.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";

/** A sweeper of incarnation "own" whose server only notes who is buried; `beat` passes time and gives it a sample. */
function openSweeper(clock = createFakeClock()) {
  const buried: string[] = [];
  const connection = {
    call: async (_: string): Promise<unknown> => [],
    async run(script: RedisScript, _: unknown, args: readonly string[]) {
      if (script === scripts.bury) buried.push(`${args[0]} at ${args[1]}`);
      return 1;
    },
  };
  const server = connection as unknown as RedisConnection;
  const sweeper = new Sweeper({ clock, logger: silentLogger, connection: server, incarnation: "own", timing: protocolTiming });
  const beat = async (counter: string, passedMs: number = protocolTiming.pulseMs) => {
    await clock.advance(passedMs);
    await sweeper.sampled(
      new Map([
        ["own", "1"],
        ["watched", counter],
      ]),
    );
  };
  return { clock, connection, buried, sweeper, beat };
}

test("buries whose counter stood still for 12 s, and never itself", async () => {
  const { buried, beat } = openSweeper();
  for (let beats = 0; beats < 4; beats++) await beat("7");
  expect(buried).toEqual([]);
  await beat("7");
  expect(buried).toEqual(["watched at 7"]);
});

test("begins to watch anew when the counter moved", async () => {
  const { buried, beat } = openSweeper();
  for (const counter of ["7", "7", "7", "7", "8", "8", "8", "8"]) await beat(counter);
  expect(buried).toEqual([]);
  await beat("8");
  expect(buried).toEqual(["watched at 8"]);
});

test("begins to watch anew on another connection, and when it was not the sweeper for a beat", async () => {
  const first = openSweeper();
  for (let beats = 0; beats < 4; beats++) await first.beat("7");
  const second = openSweeper(first.clock);
  await second.beat("7");
  expect(second.buried).toEqual([]);
  for (let beats = 0; beats < 3; beats++) await second.beat("7");
  await second.sweeper.sampled(null);
  await second.beat("7");
  expect(second.buried).toEqual([]);
});

test("does not count the time in which it was frozen itself", async () => {
  const { buried, beat } = openSweeper();
  await beat("7");
  await beat("7", 60_000);
  await beat("7", 60_000);
  expect(buried).toEqual([]);
  await beat("7", 60_000);
  await beat("7");
  expect(buried).toEqual(["watched at 7"]);
});

test("looks for what a sweeper before left until it was told", async () => {
  let asked = 0;
  const { sweeper, connection } = openSweeper();
  connection.call = async (name: string) => {
    if (name !== "HKEYS") return [];
    asked++;
    if (asked === 1) throw Object.assign(new Error("BUSY Redis is busy"), { name: "ReplyError" });
    return [];
  };
  for (let beats = 0; beats < 3; beats++) await sweeper.sampled(new Map([["own", "1"]]));
  expect(asked).toBe(2);
});
