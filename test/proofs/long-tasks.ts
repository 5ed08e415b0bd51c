/** RabbitMQ: a task that lasts longer than the server lets a delivery be unacknowledged, while others are idle; and one whose worker is killed late. */
import { setTimeout as pause } from "node:timers/promises";
import type { Config } from "@celeriac/core";
import { eventually } from "../support/eventually.ts";
import { createFaultWorld, type FaultWorld } from "../support/fault/world.ts";
import { startRabbitmq } from "../support/rabbitmq-server.ts";
import { aside, atMost, exactly, type Proof } from "./figure.ts";

const consumerTimeoutMs = 60_000;
const taskMs = 240_000;
const killAfterMs = 180_000;
const limitS = 30;
const workers = 3;

export const longTasks: Proof = {
  name: "long-tasks",
  how: `RabbitMQ with \`consumer_timeout\` at ${consumerTimeoutMs / 1_000} s, a task of ${taskMs / 60_000} minutes, ${workers} workers with one thread each, of which two are idle. Once it is left to run; once its worker is killed (SIGKILL) after ${killAfterMs / 60_000} minutes; and once with \`longTasks: "connection"\`, to show that the server means it.`,
  async run(tell) {
    const server = await startRabbitmq({ settings: [`consumer_timeout = ${consumerTimeoutMs}`] });
    try {
      const urls: string[] = [];
      for (const name of ["left", "killed", "unheld"]) urls.push(await server.vhost(name));
      // At once: they sleep nearly all of the time.
      const [left, killed, unheld] = await Promise.all([
        inWorld(urls[0]!, {}, leftAlone),
        inWorld(urls[1]!, {}, killedLate),
        inWorld(urls[2]!, { longTasks: "connection" }, async (world) => {
          await world.client.mark.delay(1, taskMs);
          await pause(taskMs);
          return world.ledger().filter(({ what }) => what === "begin").length;
        }),
      ]);
      tell("done");
      return [
        exactly("runs of the task that is left to run", left, 1),
        exactly("runs of the other one until its worker is killed", killed.before, 1),
        atMost("kill until it runs elsewhere", [killed.afterMs / 1_000], limitS, " s"),
        exactly("runs of it afterwards", killed.after, 1),
        aside('runs that begin within its time with `longTasks: "connection"`', [unheld], ""),
      ];
    } finally {
      await server.stop();
    }
  },
};

const begun = (world: FaultWorld) => world.ledger().filter(({ what }) => what === "begin");

async function leftAlone(world: FaultWorld): Promise<number> {
  const result = await world.client.mark.delay(1, taskMs);
  await pause(taskMs);
  await eventually(() => world.ledger().some(({ what }) => what === "end"), { withinMs: 60_000, everyMs: 100 });
  await result.get({ timeout: "60s" });
  return begun(world).length;
}

async function killedLate(world: FaultWorld) {
  await world.client.mark.delay(1, taskMs);
  await eventually(() => begun(world).length > 0);
  await pause(killAfterMs);
  const before = begun(world);
  process.kill(before[0]!.pid, "SIGKILL");
  const killedAt = performance.now();
  await eventually(() => begun(world).length > before.length, { withinMs: 120_000, everyMs: 20 });
  const afterMs = performance.now() - killedAt;
  await pause(taskMs - killAfterMs);
  return { before: before.length, after: begun(world).length - before.length, afterMs };
}

async function inWorld<T>(url: string, config: Config, run: (world: FaultWorld) => Promise<T>): Promise<T> {
  const world = createFaultWorld(() => url, config);
  try {
    for (let n = 1; n <= workers; n += 1)
      await world.startWorker({ options: { pool: "threads", concurrency: 1, hostname: `worker${n}@here` } });
    return await run(world);
  } finally {
    await world.dispose();
  }
}
