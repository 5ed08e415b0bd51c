/** POST /api/task/{revoke,timeout,rate-limit}: what workers are told of a task. */
import type { FastifyInstance } from "fastify";
import { Refusal } from "../../access.ts";
import type { MonitorParts } from "../../parts.ts";
import { argumentsOf } from "../../request-body.ts";
import { sendJson } from "../../server.ts";
import { changesText, tailOf } from "./access.ts";

export function taskControlRoutes(server: FastifyInstance, { runtime, history, cluster, actions }: MonitorParts): void {
  /** Flower knows the tasks of its own app alone; those that were seen, or that the worker says it has, will do here. */
  async function checkKnown(task: string, worker: string): Promise<void> {
    await runtime.loadIncludes();
    const registered = cluster.inspection.workers.get(worker)?.registered;
    const isRegistered = Array.isArray(registered) && registered.some((each) => String(each).split(" ")[0] === task);
    const isSeen = isRegistered || runtime.registry.get(task) !== undefined || (await history.taskTypes()).includes(task);
    if (!isSeen) throw new Refusal(404, `Unknown task '${task}'`);
    if (!cluster.isKnown(worker)) throw new Refusal(404, `Unknown worker '${worker}'`);
  }

  server.post("/api/task/revoke/*", changesText("revoke"), async (request, reply) => {
    const id = tailOf(request);
    const given = await argumentsOf(request);
    await actions.revoking.revoke(id, { terminate: given.boolean("terminate", false), signal: given.text("signal") ?? "SIGTERM" });
    return sendJson(reply, { message: `Revoked '${id}'` });
  });

  server.post("/api/task/timeout/*", changesText("time-limit"), async (request, reply) => {
    const task = tailOf(request);
    const given = await argumentsOf(request);
    const worker = given.requiredText("workername");
    const limits = { hard: given.number("hard"), soft: given.number("soft") };
    await checkKnown(task, worker);
    const answer = await actions.workers.timeLimit(worker, task, limits);
    cluster.inspection.changed(worker);
    if ("error" in answer) throw new Refusal(403, `Failed to set timeouts: '${answer.error}'`);
    return sendJson(reply, { message: answer.ok });
  });

  server.post("/api/task/rate-limit/*", changesText("rate-limit"), async (request, reply) => {
    const task = tailOf(request);
    const given = await argumentsOf(request);
    const [worker, rate] = [given.requiredText("workername"), given.requiredText("ratelimit")];
    await checkKnown(task, worker);
    const answer = await actions.workers.rateLimit(worker, task, rate);
    cluster.inspection.changed(worker);
    if ("error" in answer) throw new Refusal(403, `Failed to set rate limit: '${answer.error}'`);
    return sendJson(reply, { message: answer.ok });
  });
}
