/** The embedded broker against the suite of all brokers. */
import { Worker } from "node:worker_threads";
import { vi } from "vitest";
import { createSqliteBackend } from "../../packages/core/src/backends/sqlite.ts";
import { createSqliteBroker } from "../../packages/core/src/brokers/sqlite.ts";
import { createSqliteFile } from "../support/sqlite-file.ts";
import { embeddedTraits } from "./broker/embedded-traits.ts";
import { type BrokerWorld, describeBroker } from "./broker-suite.ts";

async function openWorld(): Promise<BrokerWorld> {
  const file = await createSqliteFile();
  // The nearest thing to a cut connection: the I/O threads are ended behind their owners' backs.
  const posts = vi.spyOn(Worker.prototype, "postMessage");
  let queues = 0;
  return {
    open: ({ resultUrl = null, ...options } = {}) => createSqliteBroker(file.url, file.nextContext(), { resultUrl, ...options }),
    queue() {
      queues += 1;
      return `queue-${queues}`;
    },
    putUndecodable: (queue) => file.insertRaw(queue, new TextEncoder().encode("this is no envelope")),
    results: { url: file.url, openBackend: () => createSqliteBackend(file.url, file.nextContext()) },
    async breakConnections() {
      await Promise.all([...new Set(posts.mock.contexts)].map((thread) => broken(thread as Worker)));
    },
    recoveryMs: 10_000,
    async dispose() {
      posts.mockRestore();
      await file.remove();
    },
  };
}

/** By an order that it cannot read: one that is terminated while it is in SQLite may take the whole process with it, which libsql aborts then. */
async function broken(thread: Worker): Promise<void> {
  if (thread.threadId < 0) return;
  const gone = new Promise<void>((resolve) => thread.once("exit", () => resolve()));
  thread.postMessage({ kind: "turn" });
  await gone;
}

describeBroker("SQLite", openWorld, {
  ...embeddedTraits,
  reconnects: true,
  undecodable: true,
});
