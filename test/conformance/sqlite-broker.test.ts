/** The embedded broker against the suite of all brokers. */
import { createSqliteBackend } from "../../packages/core/src/backends/sqlite.ts";
import { createSqliteBroker } from "../../packages/core/src/brokers/sqlite.ts";
import { createSqliteFile } from "../support/sqlite-file.ts";
import { type BrokerWorld, describeBroker } from "./broker-suite.ts";

async function openWorld(): Promise<BrokerWorld> {
  const file = await createSqliteFile();
  let queues = 0;
  return {
    open: (options = {}) => createSqliteBroker(file.url, file.nextContext(), { resultUrl: options.resultUrl ?? null }),
    queue() {
      queues += 1;
      return `queue-${queues}`;
    },
    putUndecodable: (queue) => file.insertRaw(queue, new TextEncoder().encode("this is no envelope")),
    results: { url: file.url, openBackend: () => createSqliteBackend(file.url, file.nextContext()) },
    recoveryMs: 10_000,
    dispose: () => file.remove(),
  };
}

describeBroker("SQLite", openWorld, {
  deduplicates: true,
  unsetPriority: "last",
  requeuesCountedAtHead: true,
  knowsAge: true,
  purgesDelayed: true,
  earlyByMs: 0,
  reconnects: false,
  undecodable: true,
  settlesResults: true,
});
