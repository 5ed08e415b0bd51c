/** Redis and RabbitMQ are restarted under load again and again, and fall silent: how soon work goes on, and what becomes of what was confirmed. */
import { type BreakableBroker, breakAndReturn } from "../support/fault/returns.ts";
import { startRabbitmq } from "../support/rabbitmq-server.ts";
import { startRedis } from "../support/redis-server.ts";
import { aside, exactly, type Figure, type Proof } from "./figure.ts";

const restarts = 20;
/** Longer than anybody takes to notice: RabbitMQ's two heartbeats of 10 s are the longest. */
const silenceMs = 30_000;
const limitMs = 5_000;

export const returns: Proof = {
  name: "returns",
  how: `Two workers, and 4 callers that send tasks without end. The broker is restarted ${restarts} times, in turns stopped and killed (SIGKILL); Redis writes each change to disk. Then the network is silent for ${silenceMs / 1_000} s: nothing passes, and nothing is closed. A return is when connections are accepted, or packets pass again; counted is until a task has run that was sent after it.`,
  async run(tell) {
    const redis = await startRedis({ persists: true });
    const rabbitmq = await startRabbitmq();
    const brokers: Readonly<Record<string, BreakableBroker>> = { Redis: redis, RabbitMQ: rabbitmq };
    try {
      const figures: Figure[] = [];
      for (const [name, broker] of Object.entries(brokers))
        figures.push(
          ...(await figuresOf(broker, (line) => tell(`${name}, ${line}`))).map((figure) => ({
            ...figure,
            what: `${name}: ${figure.what}`,
          })),
        );
      return figures;
    } finally {
      await Promise.all([redis.stop(), rabbitmq.stop()]);
    }
  },
};

async function figuresOf(broker: BreakableBroker, tell: (line: string) => void): Promise<readonly Figure[]> {
  const seen = await breakAndReturn(broker, { restarts, silencesMs: [silenceMs] }, tell);
  const inTime = (all: readonly number[]) => all.filter((ms) => ms <= limitMs).length;
  return [
    exactly(`restarts of ${restarts} after which tasks ran within ${limitMs / 1_000} s`, inTime(seen.afterRestartMs), restarts),
    aside("accepting connections until a task has run", seen.afterRestartMs.map(Math.round), " ms"),
    exactly(`silences of 1 after which tasks ran within ${limitMs / 1_000} s`, inTime(seen.afterSilenceMs), 1),
    aside("packets passing until a task has run", seen.afterSilenceMs.map(Math.round), " ms"),
    aside("tasks confirmed", [seen.confirmed], ""),
    exactly("of them lost", seen.lost, 0),
    aside("runs that were repeated", [seen.ranTwice], ""),
  ];
}
