/** What an operator sees of a worker over HTTP: /livez, /readyz, /startz and /metrics. Loaded only where an address was given. */
import {
  type Broker,
  type Clock,
  type HttpServer,
  answerJson as json,
  type ListenAddress,
  type Logger,
  openHttpServer,
} from "@celeriac/core/runtime";
import type { PoolStats } from "../pool.ts";
import type { Teller } from "../telling.ts";
import { workerVersion } from "../version.ts";
import { createMetrics } from "./metrics.ts";
import { createQueueLook } from "./queue-look.ts";
import { readinessOf, type Standing } from "./readiness.ts";

/** What the probes look at; asked at each request. */
export interface Watched {
  readonly hostname: string;
  readonly poolName: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly standing: () => Standing;
  readonly pool: () => PoolStats;
  readonly queues: () => readonly string[];
  /** null until the drivers are open */
  readonly broker: () => Broker | null;
}

export interface Probes extends Pick<HttpServer, "url" | "close"> {
  /** The same teller, counted for /metrics. */
  watch(teller: Teller): Teller;
}

/** Throws WORKER_HTTP when nothing can listen there. */
export async function openProbes(address: ListenAddress, watched: Watched): Promise<Probes> {
  const { hostname: worker, poolName: pool, standing } = watched;
  const readiness = () => readinessOf(standing());
  const metrics = createMetrics({
    clock: watched.clock,
    identity: { worker, version: workerVersion(), pool },
    pool: watched.pool,
    readiness,
    connected: () => standing().started && standing().loss === null,
    look: createQueueLook(watched),
  });
  const { url, close } = await openHttpServer("worker", address, {
    "/livez": () => json(200, { live: true, worker }),
    "/startz": () => (standing().started ? json(200, { started: true, worker }) : json(503, { started: false, worker, ...readiness() })),
    "/readyz": () => {
      const answer = readiness();
      return json(answer.ready ? 200 : 503, { worker, ...answer });
    },
    "/metrics": async () => ({ status: 200, type: metrics.contentType, body: await metrics.text() }),
  });
  return { url, close, watch: metrics.watch };
}
