/**
 * A process of its own on a SQLite file, for tests that stop, pause and kill it: `<mode> <url> <queue> [count]`. It writes one line for
 * each thing that happens. Modes: `hold` claims and never settles, `begin` marks the first delivery as begun, `work` settles, `produce`
 * publishes `count` messages; `settle-later` settles what it holds when it gets SIGUSR2; `block-claims` and `block-produce` block their
 * main thread for 20 s when they have claimed, or published.
 */
import type { Delivery } from "@celeriac/core/runtime";
import { driverContext } from "./driver-context.ts";
import { idOf, publicationTo } from "./envelopes.ts";
import { internal } from "./internal.ts";

const { createSqliteBroker } = await internal<typeof import("../../packages/core/src/brokers/sqlite.ts")>("core/dist/brokers/sqlite.js");

const [mode = "", url = "", queue = "", count = "10"] = process.argv.slice(2);
const broker = createSqliteBroker(url, driverContext(), { resultUrl: null });

function say(...words: readonly unknown[]): void {
  process.stdout.write(`${words.join(" ")}\n`);
}

async function settle(delivery: Delivery): Promise<void> {
  say("outcome", idOf(delivery.envelope), await delivery.settle({ results: [], publish: [], then: { kind: "acknowledge" } }));
}

async function consume(onDelivery: (delivery: Delivery) => Promise<void>): Promise<void> {
  await broker.consume([queue], {
    worker: `program@${process.pid}`,
    readAhead: Number(count),
    listener: {
      delivery(delivery) {
        say("delivered", idOf(delivery.envelope), delivery.deliveries);
        onDelivery(delivery).catch((error) => say("error", error));
      },
      claimsLost: () => say("claimsLost"),
      deadLettered: () => say("deadLettered"),
      disconnected: (error) => say("error", error),
      connected: () => say("connected"),
    },
  });
  say("ready");
}

async function produce(): Promise<void> {
  const ids = Array.from({ length: Number(count) }, (_, index) => `${process.pid}-${index}`);
  const lanes = Array.from({ length: 10 }, (_, lane) => ids.filter((_, index) => index % 10 === lane));
  await Promise.all(
    lanes.map(async (lane) => {
      for (const id of lane) await broker.publish(publicationTo(queue, { id }));
    }),
  );
  say("produced", ids.length);
  await broker.close();
}

function block(): void {
  say("blocks");
  const until = performance.now() + 20_000;
  while (performance.now() < until);
  say("blocked");
}

process.on("SIGTERM", () => {
  void broker.close().then(() => say("closed"));
});
await broker.connect();
if (mode === "hold") await consume(async () => {});
else if (mode === "work") await consume(settle);
else if (mode === "produce") await produce();
else if (mode === "block-claims") await consume(async () => block());
else if (mode === "block-produce") await produce().then(block);
else if (mode === "begin") {
  let first: Delivery | null = null;
  await consume(async (delivery) => {
    first ??= delivery;
    if (delivery === first) say("begun", idOf(delivery.envelope), await delivery.begin());
  });
} else if (mode === "settle-later") {
  const held: Delivery[] = [];
  process.on("SIGUSR2", () => {
    for (const delivery of held.splice(0)) void settle(delivery);
  });
  await consume(async (delivery) => void held.push(delivery));
} else throw new Error(`Unknown mode ${mode}`);
