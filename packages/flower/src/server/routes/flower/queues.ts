/** GET /api/queues/length: how many messages lie in the queues; RabbitMQ's own words where its management API is known. */
import type { FastifyInstance } from "fastify";
import { managedQueues } from "../../cluster/management.ts";
import type { MonitorParts } from "../../parts.ts";
import { sendJson } from "../../server.ts";
import { readsEmpty } from "./access.ts";

export function queueRoutes(server: FastifyInstance, { cluster, options, runtime }: MonitorParts): void {
  server.get("/api/queues/length", readsEmpty, async (_request, reply) => {
    const { brokerUrl } = runtime.settings;
    if (options.brokerApi !== null && /^(?:amqps?|pyamqp):/i.test(brokerUrl)) {
      const [first = ""] = brokerUrl.split(";");
      return sendJson(reply, { active_queues: await managedQueues(options.brokerApi, first) });
    }
    const queues = await cluster.queues.queues();
    return sendJson(reply, { active_queues: queues.map(({ name, length }) => ({ name, messages: length })) });
  });
}
