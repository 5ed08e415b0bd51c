/** A deploy after another under load: busy workers are told to stop, in tasks that are longer than their grace period, and no task notices. */
import { deployOften } from "../support/fault/deploys.ts";
import { createFaultWorld } from "../support/fault/world.ts";
import { startRabbitmq } from "../support/rabbitmq-server.ts";
import { startRedis } from "../support/redis-server.ts";
import { aside, atMost, exactly, type Figure, type Proof } from "./figure.ts";

const plan = { stops: 50, tasks: 10_000, longEvery: 100, taskMs: 20, longMs: 3_000, graceMs: 1_000 } as const;
/** When the grace is over, runs are told so and have a second more; then to hand back, to take leave, to end. */
const leaveMs = 1_500;
const shown = plan.tasks.toLocaleString("en");

export const deploys: Proof = {
  name: "deploys",
  how: `${shown} tasks of ${plan.taskMs} ms, one in ${plan.longEvery} of them of ${plan.longMs / 1_000} s, and workers with two child processes and a grace period of ${plan.graceMs / 1_000} s. ${plan.stops} times the one that works is told to stop (SIGTERM) while it is in a long one, and the next one starts. With \`maxDeliveries\` at 1 a task that was counted as delivered and comes again is a dead letter.`,
  async run(tell) {
    const figures: Figure[] = [];
    // One after another: each keeps the machine busy.
    for (const [broker, start] of Object.entries(brokers)) {
      const server = await start();
      const world = createFaultWorld(server.url, { maxDeliveries: 1 });
      try {
        const seen = await deployOften(world, plan, (line) => tell(`${broker}: ${line}`));
        figures.push(
          exactly(
            `${broker}: stops that ended with 0, of ${seen.exits.length}`,
            seen.exits.filter((code) => code === 0).length,
            seen.exits.length,
          ),
          atMost(`${broker}: longest stop`, [Math.round(Math.max(...seen.stopMs))], plan.graceMs + leaveMs, " ms"),
          aside(`${broker}: stop`, seen.stopMs.map(Math.round), " ms"),
          exactly(`${broker}: tasks that ran to their end, of ${shown}`, seen.ran, plan.tasks),
          exactly(`${broker}: of them, settled as successful`, seen.counts["task-succeeded"] ?? 0, plan.tasks),
          exactly(`${broker}: runs with \`retries\` above 0, failures, dead letters`, unwanted(seen), 0),
          aside(`${broker}: tasks that began again`, [seen.begunAgain], ""),
          aside(`${broker}: most begins of one task`, [seen.mostBegins], ""),
        );
      } finally {
        await world.dispose();
        await server.stop();
      }
    }
    return figures;
  },
};

const brokers = {
  SQLite: async () => ({ url: (directory: string) => `sqlite://${directory}/celeriac.db`, stop: async () => {} }),
  Redis: () => startRedis().then(({ url, stop }) => ({ url: () => url, stop })),
  RabbitMQ: () => startRabbitmq().then(({ url, stop }) => ({ url: () => url, stop })),
} as const;

function unwanted({ retried, counts }: { readonly retried: number; readonly counts: Readonly<Record<string, number>> }): number {
  return retried + (counts["task-failed"] ?? 0) + (counts["task-dead-lettered"] ?? 0);
}
