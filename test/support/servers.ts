/** The servers of this run, for a test file: every call gives a place of its own, empty and shared with nobody. */
import { inject } from "vitest";
import { type RabbitmqNode, type RabbitmqPermissions, type RabbitmqPlace, rabbitmqAt } from "./rabbitmq-server.ts";

/** "redis://127.0.0.1:<port>/<a fresh database>" */
export function redisUrl(): Promise<string> {
  return place("redis");
}

/** "amqp://guest:guest@127.0.0.1:<port>/<a fresh vhost>" */
export function amqpUrl(): Promise<string> {
  return place("amqp");
}

/** The URL of a vhost as a new user, who may do there what the permissions say and nothing else. */
export function amqpUserUrl(url: string, [configure, write, read]: RabbitmqPermissions): Promise<string> {
  return place(`amqp/user?${new URLSearchParams({ url, configure, write, read })}`);
}

/** The run's RabbitMQ itself, for what an administrator does in vhosts and with users whose names nobody else has. */
export async function amqpNode(): Promise<RabbitmqNode> {
  const where = JSON.parse(await place("amqp/node")) as RabbitmqPlace;
  return rabbitmqAt(where, (expression) => place(`amqp/node?${new URLSearchParams({ expression })}`));
}

/** "db+postgresql://celeriac:<password>@127.0.0.1:<port>/<a fresh database>" */
export function postgresUrl(): Promise<string> {
  return place("postgres");
}

async function place(path: string): Promise<string> {
  const answer = await fetch(`${inject("serverDeskUrl")}/${path}`);
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text;
}
