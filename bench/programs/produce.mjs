/**
 * `node produce.mjs <adapter> <config as JSON>`: sends tasks through one peer and prints one line of JSON with what it measured.
 * The loops are here, the same for every peer; an adapter only knows how to send one task and how to await its result.
 */
import { now } from "./tally.mjs";

const [adapter, text] = process.argv.slice(2);
const config = JSON.parse(text);
const producer = await (await import(`./${adapter}.mjs`)).openProducer(config);
const answer = await { fill, enqueue, roundtrip, pace }[config.do]();
console.log(JSON.stringify(answer));
await producer.close();
process.exit(0);

/** Puts n no-op tasks into the queue in the quickest way; not measured. */
async function fill() {
  await producer.fill(config.n);
  return { waiting: await producer.waiting() };
}

async function enqueue() {
  await lanes(config.warmup, (index) => producer.send(index));
  const measured = await timed(() => lanes(config.n, (index) => producer.send(index)));
  return { ...measured, waiting: (await producer.waiting()) - config.warmup };
}

async function roundtrip() {
  await lanes(config.warmup, (index) => producer.roundtrip("noop", index));
  const resultMs = [];
  const measured = await timed(() =>
    lanes(config.n, async (index) => {
      const startedAt = performance.now();
      await producer.roundtrip("noop", index);
      resultMs.push(performance.now() - startedAt);
    }),
  );
  return { ...measured, resultMs };
}

/** One task every 1000 / perSecond ms, whatever became of those before it; those of the warm-up as quickly as they come back. */
async function pace() {
  await lanes(config.warmup, (index) => producer.roundtrip("noop", index));
  const resultMs = [];
  const startedAt = performance.now();
  const pending = [];
  for (let index = 0; index < config.n; index++) {
    const waitMs = startedAt + (index * 1000) / config.perSecond - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    const sentAt = now();
    pending.push(producer.roundtrip("stamp", sentAt).then(() => resultMs.push(now() - sentAt)));
  }
  await Promise.all(pending);
  return { seconds: (performance.now() - startedAt) / 1000, resultMs };
}

/** Calls `one` n times, at most `inFlight` at once. */
async function lanes(n, one) {
  let next = 0;
  const lane = async () => {
    while (next < n) await one(next++);
  };
  await Promise.all(Array.from({ length: Math.min(config.inFlight, n) }, lane));
}

async function timed(action) {
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  await action();
  const seconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { seconds, cpuMs: (user + system) / 1000 };
}
