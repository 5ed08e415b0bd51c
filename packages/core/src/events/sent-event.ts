/** What a producer tells of a task that it has sent: read from the message's headers. */
import type { Envelope, Route } from "../envelope.ts";
import type { CeleryEvents } from "./celery-event.ts";

export function sentEvent({ headers }: Envelope, { exchange, routingKey }: Route): CeleryEvents["task-sent"] {
  const id = text(headers["id"]) ?? "";
  return {
    uuid: id,
    root_id: text(headers["root_id"]) ?? id,
    parent_id: text(headers["parent_id"]),
    name: text(headers["task"]) ?? "",
    args: text(headers["argsrepr"]) ?? "",
    kwargs: text(headers["kwargsrepr"]) ?? "",
    retries: typeof headers["retries"] === "number" ? headers["retries"] : 0,
    eta: text(headers["eta"]),
    expires: text(headers["expires"]),
    // Which queues an exchange leads to the broker alone knows.
    queue: routingKey,
    exchange,
    routing_key: routingKey,
  };
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
