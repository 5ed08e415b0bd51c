/** BullMQ as its documentation tunes it: completed ones removed at once unless results are wanted, a short event stream, no metrics. */
import { fileURLToPath } from "node:url";
import { Queue, QueueEvents, Worker } from "bullmq";
import { run } from "./noop.mjs";

const name = "bench";
/** BullMQ always writes its event stream. Where nobody reads it the shortest is the cheapest; who waits for results must not miss any. */
const shortest = { events: { maxLen: 100 } };

function connection({ broker, autoPipelining = false }) {
  const { hostname, port, pathname } = new URL(broker);
  return {
    host: hostname,
    port: Number(port),
    db: Number(pathname.slice(1)),
    maxRetriesPerRequest: null,
    enableAutoPipelining: autoPipelining,
  };
}

export async function openProducer(config) {
  const { results } = config;
  const queue = new Queue(name, { connection: connection(config), ...(config.do === "fill" || !results ? { streams: shortest } : {}) });
  await queue.waitUntilReady();
  const options = { removeOnComplete: !results, removeOnFail: true };
  const events = results ? new QueueEvents(name, { connection: connection(config) }) : null;
  await events?.waitUntilReady();
  return {
    send: (index) => queue.add("noop", { value: index }, options),
    async roundtrip(task, argument) {
      const sent = await queue.add(task, { value: argument }, options);
      await sent.waitUntilFinished(events);
    },
    async fill(n) {
      for (let sent = 0; sent < n; sent += 1000) {
        const size = Math.min(1000, n - sent);
        await queue.addBulk(Array.from({ length: size }, (_, index) => ({ name: "noop", data: { value: sent + index }, opts: options })));
      }
    },
    waiting: () => queue.getWaitingCount(),
    async close() {
      await events?.close();
      await queue.close();
    },
  };
}

export async function startWorker(config) {
  const code =
    config.pool === "prefork"
      ? fileURLToPath(new URL("bullmq-sandbox.mjs", import.meta.url))
      : async (sent) => run(sent.name, sent.data.value);
  const worker = new Worker(name, code, {
    connection: connection(config),
    concurrency: config.concurrency,
    removeOnComplete: config.results ? undefined : { count: 0 },
  });
  worker.on("error", (error) => console.error(error));
  await worker.waitUntilReady();
  return { stop: () => worker.close(true) };
}
