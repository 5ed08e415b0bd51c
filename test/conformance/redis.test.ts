import { Redis } from "ioredis";
import { expect, it, onTestFinished } from "vitest";
import { createRedisBackend } from "../../packages/core/src/backends/redis.ts";
import { chordKey } from "../../packages/core/src/redis/chord-keys.ts";
import { driverContext } from "../support/driver-context.ts";
import { redisUrl } from "../support/servers.ts";
import { chordStart, partOf } from "./backend/chords.ts";
import { describeRedis } from "./redis-suites.ts";

describeRedis("redis", async () => {
  const url = await redisUrl();
  return { url, nodes: [url] };
});

it("a chord that a Python worker counts with result_chord_ordered = false goes on in its list, in the order in which members end", async () => {
  const url = await redisUrl();
  const client = new Redis(url, { protocol: 2 });
  onTestFinished(() => client.disconnect());
  const backend = createRedisBackend(url, driverContext());
  onTestFinished(() => backend.close());
  const chords = backend.chords!;
  const chord = chordStart(3);
  await chords.open(chord);
  // As Celery writes it.
  await client.rpush(`${chordKey(chord.id, false)}.j`, `[1, "${chord.members[2]}", "SUCCESS", 2]`);
  expect(await chords.count([partOf(chord, 2, { value: '"once more"' })])).toBe("open");
  expect(await chords.count([partOf(chord, 1)])).toBe("open");
  expect(await chords.count([partOf(chord, 0)])).toBe("complete");
  expect((await chords.parts(chord.id)).map(({ taskId, value }) => [taskId, value])).toEqual(
    [2, 1, 0].map((index) => [chord.members[index], String(index)]),
  );
  await chords.endClosing(chord.id);
  expect(await client.exists(`${chordKey(chord.id, false)}.j`)).toBe(0);
});
