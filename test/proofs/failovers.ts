/** Sentinel: the primary is killed under load again and again; how soon work goes on with the next one, and what becomes of what was confirmed. */
import { killPrimaries } from "../support/fault/failovers.ts";
import { startSentinels } from "../support/redis-sentinel.ts";
import { aside, exactly, type Proof } from "./figure.ts";

const kills = 20;
const limitMs = 5_000;

export const failovers: Proof = {
  name: "failovers",
  how: `A primary, a replica and three sentinels; two workers, and 4 callers that send tasks without end. The primary is killed (SIGKILL) ${kills} times and brought back as a replica. Consuming: a task begins that was sent after the new primary said that it is one. The replica is asked again and again (WAIT) whether it has everything: what was confirmed before such a moment must run.`,
  async run(tell) {
    const set = await startSentinels();
    try {
      const { rounds, ...tasks } = await killPrimaries(set, kills, tell);
      const inTime = rounds.filter(({ consumingMs }) => consumingMs <= limitMs).length;
      return [
        exactly(`failovers of ${kills} after which tasks began within ${limitMs / 1_000} s of the new primary`, inTime, kills),
        aside(
          "new primary until a task began",
          rounds.map(({ consumingMs }) => Math.round(consumingMs)),
          " ms",
        ),
        aside(
          "kill until the sentinels had a new primary",
          rounds.map(({ electedMs }) => Math.round(electedMs)),
          " ms",
        ),
        aside("tasks confirmed", [tasks.confirmed], ""),
        exactly("of them lost, although the replica had them", tasks.lostReplicated, 0),
        aside("of them lost with the primary, which no replica had yet", [tasks.lostUnreplicated], ""),
        aside("runs that were repeated", [tasks.ranTwice], ""),
      ];
    } finally {
      await set.stop();
    }
  },
};
