/** POST /api/worker/…: what one worker is told to do. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type ActionName, Refusal } from "../../access.ts";
import type { WorkerAnswer } from "../../actions/worker-control.ts";
import type { MonitorParts } from "../../parts.ts";
import { argumentsOf, type RequestArguments } from "../../request-body.ts";
import { sendJson } from "../../server.ts";
import { changesText, tailOf } from "./access.ts";

/** What a route does, and how Flower tells of it. */
interface Told {
  readonly answer: WorkerAnswer;
  /** null: the worker's own text */
  readonly done: string | null;
  readonly failed: string;
}

export function workerControlRoutes(server: FastifyInstance, { cluster, actions: { workers } }: MonitorParts): void {
  function known(request: FastifyRequest): string {
    const worker = tailOf(request);
    if (!cluster.isKnown(worker)) throw new Refusal(404, `Unknown worker '${worker}'`);
    return worker;
  }

  function route(path: string, action: ActionName, act: (worker: string, given: RequestArguments) => Promise<Told>): void {
    server.post(`/api/worker/${path}/*`, changesText(action), async (request, reply) => {
      const worker = known(request);
      const done = await act(worker, await argumentsOf(request));
      cluster.inspection.changed(worker);
      return told(reply, done);
    });
  }

  server.post("/api/worker/shutdown/*", changesText("shutdown"), async (request, reply) => {
    await workers.shutDown(known(request));
    return sendJson(reply, { message: "Shutting down!" });
  });
  route("pool/restart", "pool-restart", async (worker) => ({
    answer: await workers.restartPool(worker),
    done: `Restarting '${worker}' worker's pool`,
    failed: `Failed to restart the '${worker}' pool`,
  }));
  route("pool/grow", "pool-grow", async (worker, given) => {
    const n = given.whole("n") ?? 1;
    const answer = await workers.grow(worker, n);
    return { answer, done: `Growing '${worker}' worker's pool by ${n}`, failed: `Failed to grow '${worker}' worker's pool` };
  });
  route("pool/shrink", "pool-shrink", async (worker, given) => {
    const n = given.whole("n") ?? 1;
    const answer = await workers.shrink(worker, n);
    return { answer, done: `Shrinking '${worker}' worker's pool by ${n}`, failed: `Failed to shrink '${worker}' worker's pool` };
  });
  route("pool/autoscale", "autoscale", async (worker, given) => {
    const [min, max] = [given.requiredWhole("min"), given.requiredWhole("max")];
    const answer = await workers.autoscale(worker, min, max);
    return { answer, done: `Autoscaling '${worker}' worker (min=${min}, max=${max})`, failed: `Failed to autoscale '${worker}' worker` };
  });
  route("queue/add-consumer", "add-consumer", async (worker, given) => {
    const queue = given.requiredText("queue");
    const answer = await workers.addConsumer(worker, queue);
    return { answer, done: null, failed: `Failed to add '${queue}' consumer to '${worker}' worker` };
  });
  route("queue/cancel-consumer", "cancel-consumer", async (worker, given) => {
    const queue = given.requiredText("queue");
    const answer = await workers.cancelConsumer(worker, queue);
    return { answer, done: null, failed: `Failed to cancel '${queue}' consumer from '${worker}' worker` };
  });
}

function told(reply: FastifyReply, { answer, done, failed }: Told): FastifyReply {
  if ("error" in answer) throw new Refusal(403, `${failed}: ${answer.error}`);
  return sendJson(reply, { message: done ?? answer.ok });
}
