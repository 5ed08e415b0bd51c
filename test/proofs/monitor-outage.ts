/** The broker of a monitor is stopped for a minute while its pages are open in Chromium: what they show meanwhile, and how soon they go on. */
import type { Browser } from "playwright-core";
import { openBrowser } from "../support/browser/browser.ts";
import { type OutageSeen, seeOutage } from "../support/browser/outage.ts";
import { startCeleriac } from "../support/celeriac-command.ts";
import { eventually } from "../support/eventually.ts";
import { createFaultWorld } from "../support/fault/world.ts";
import { asking } from "../support/monitor/asking.ts";
import { startRabbitmq } from "../support/rabbitmq-server.ts";
import { startRedis } from "../support/redis-server.ts";
import { below, exactly, type Figure, type Proof } from "./figure.ts";

const awayMs = 60_000;
const flowLimitSeconds = 15;
const worker = "w1@box";

interface StoppableBroker {
  readonly url: string;
  down(): Promise<void>;
  up(): Promise<void>;
  stop(): Promise<void>;
}

export const monitorOutage: Proof = {
  name: "monitor-outage",
  how: `\`celeriac flower\` and a worker on each broker; in Chromium the overview, the list of tasks and that of workers are open. The broker is stopped for ${awayMs / 1_000} s: five pages are opened meanwhile, and must show what the store has, and a banner. When it takes connections again, tasks are sent until the open list tells of new ones.`,
  async run(tell) {
    const browser = await openBrowser();
    const figures: Figure[] = [];
    try {
      for (const [name, open] of [["Redis", () => startRedis({ persists: true })] as const, ["RabbitMQ", () => startRabbitmq()] as const]) {
        const broker = await open();
        const seen = await see(browser, broker).finally(() => broker.stop());
        tell(`${name}: ${JSON.stringify(seen)}`);
        figures.push(...figuresOf(name, seen));
      }
    } finally {
      await browser.close();
    }
    return figures;
  },
};

async function see(browser: Browser, broker: StoppableBroker): Promise<OutageSeen> {
  const world = createFaultWorld(() => broker.url);
  const { mark } = world.client;
  let sent = 0;
  const send = async () => (await mark.delay(++sent, 0)).id;
  await world.startWorker({ options: { pool: "threads", concurrency: 2, hostname: worker } });
  const monitor = startCeleriac(world.directory, ["-b", broker.url, "flower", "--port=0", "--address=127.0.0.1"], {
    FLOWER_UNAUTHENTICATED_API: "true",
  });
  try {
    await monitor.wrote(/monitor-ready/, 30_000);
    const base = /"url":"([^"]+)"/.exec(monitor.output())![1]!;
    const { get } = asking(base);
    const known = await eventually(async () => {
      const id = await send();
      const isKnown = async () => (await get(`/api/task/info/${id}`)).text.includes('"SUCCESS"');
      await eventually(isKnown, { withinMs: 2_000 });
      return id;
    });
    return await seeOutage({ browser, base, known, worker, awayMs, send, down: () => broker.down(), up: () => broker.up() });
  } finally {
    await monitor.stop();
    await world.dispose();
  }
}

function figuresOf(name: string, { toldMs, sinceOffMs, openedMs, flowsMs, untoldMs }: OutageSeen): readonly Figure[] {
  const seconds = (ms: number) => ms / 1_000;
  return [
    exactly(`${name}: pages that opened meanwhile, with a banner, of 5`, openedMs.length, 5),
    below(`${name}: the slowest of them`, [seconds(Math.max(...openedMs))], flowLimitSeconds, " s"),
    below(`${name}: until every open page says so`, [seconds(toldMs)], flowLimitSeconds, " s"),
    below(`${name}: by how much the time it names is off`, [seconds(Math.abs(sinceOffMs))], flowLimitSeconds, " s"),
    below(`${name}: until events flow again`, [seconds(flowsMs)], flowLimitSeconds, " s"),
    below(`${name}: until no page has the banner`, [seconds(untoldMs)], flowLimitSeconds, " s"),
  ];
}
