/** The servers of this run, for a test file: every call gives a place of its own, empty and shared with nobody. */
import { inject } from "vitest";

/** "redis://127.0.0.1:<port>/<a fresh database>" */
export function redisUrl(): Promise<string> {
  return place("redis");
}

/** "amqp://guest:guest@127.0.0.1:<port>/<a fresh vhost>" */
export function amqpUrl(): Promise<string> {
  return place("amqp");
}

/** "db+postgresql://celeriac:<password>@127.0.0.1:<port>/<a fresh database>" */
export function postgresUrl(): Promise<string> {
  return place("postgres");
}

async function place(server: string): Promise<string> {
  const answer = await fetch(`${inject("serverDeskUrl")}/${server}`);
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text;
}
