/** Redis: which keys are left by 10,000 tasks of all kinds and a killed worker, and how many an emptied system holds. */
import { loadQueues } from "../support/fault/mixed-load.ts";
import { leaveKeys } from "../support/fault/redis-leavings.ts";
import { createFaultWorld } from "../support/fault/world.ts";
import { startRedis } from "../support/redis-server.ts";
import { aside, atMost, exactly, type Proof } from "./figure.ts";

const tasks = 10_000;
const shown = tasks.toLocaleString("en");

export const redisKeys: Proof = {
  name: "keys",
  how: `${shown} tasks on ${loadQueues.length} queues: priorities, delays, retries, follow-ups, dead letters, guarded publishes, a worker killed among them. Emptied: results forgotten, dead letters purged, one worker on one queue; that the other queues once existed is still counted.`,
  async run(tell) {
    const server = await startRedis();
    const world = createFaultWorld(() => server.url);
    try {
      const { worked, emptied } = await leaveKeys(world, tasks);
      for (const problem of [...worked.problems, ...emptied.problems]) tell(problem);
      return [
        aside(`keys after ${shown} tasks`, [worked.keys.length], ""),
        exactly("of them, not as the key table says", worked.problems.length, 0),
        atMost("keys of the emptied system", [emptied.keys.length], 20, ""),
        exactly("of them, not as the key table says", emptied.problems.length, 0),
      ];
    } finally {
      await world.dispose();
      await server.stop();
    }
  },
};
