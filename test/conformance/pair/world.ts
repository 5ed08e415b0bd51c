/** One pair: a producer, a monitor, and a worker with its executors, each in its role of docs/security.md. */
import type { App } from "@celeriac/core";
import { type Broker, type ResultBackend, runtimeOf } from "@celeriac/core/runtime";
import { createWorker, type Worker } from "@celeriac/worker";
import { createPairApp, type PairApp } from "../../programs/pair/app.ts";
import { programUrl } from "../../support/built.ts";
import { type Board, openBoard } from "../../support/pair/board.ts";
import type { Role } from "../../support/roles.ts";
import { type BrokerPlace, openBackendPlace, openBrokerPlace } from "./places.ts";
import type { Pair } from "./table.ts";

export interface PairWorld {
  readonly producer: PairApp;
  readonly monitor: App;
  readonly worker: Worker;
  /** the worker's drivers */
  readonly links: { readonly broker: Broker; readonly backend: ResultBackend | null };
  readonly board: Board;
  /** what the worker consumes */
  readonly queue: string;
  readonly dropClaims: BrokerPlace["dropClaims"];
  /** Resolves when the worker consumes. */
  start(): Promise<void>;
  close(): Promise<void>;
}

let count = 0;

/** Nothing runs yet, but what is needed for that is there. */
export async function openPair({ broker, backend }: Pick<Pair, "broker" | "backend">): Promise<PairWorld> {
  const [tasks, results, board] = await Promise.all([openBrokerPlace(broker), openBackendPlace(backend), openBoard()]);
  const queue = `shop-${++count}`;
  const as = (role: Role) => ({ broker: tasks.urls[role], backend: results.urls?.[role], queue });

  const [producer, workers] = [createPairApp(as("producer")), createPairApp(as("worker"))];
  const monitor = createPairApp(as("monitor")).app;
  const source = { moduleUrl: moduleOf(as("worker")), appName: "app" };
  const worker = createWorker(workers.app, { pool: "threads", concurrency: 1 }, { source });

  return {
    ...{ producer, monitor, worker, board, queue, dropClaims: tasks.dropClaims },
    links: await runtimeOf(workers.app)!.links(),
    start: () => worker.start(),
    async close() {
      await board.close();
      await worker.stop({ deadline: "1s" });
      await Promise.all([producer.app.close(), workers.app.close(), monitor.close()]);
      await Promise.all([tasks.close(), results.close()]);
    },
  };
}

/** Where an executor finds its app, and the app its URLs. */
function moduleOf(urls: Parameters<typeof createPairApp>[0]): string {
  const module = programUrl("pair/app");
  for (const [name, value] of Object.entries(urls)) if (value !== undefined) module.searchParams.set(name, value);
  return module.href;
}
