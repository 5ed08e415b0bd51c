/**
 * How others know that a worker lives: a queue that ends with its connection is bound by the worker's id. Nothing is kept in it, and nobody has
 * to be told: the binding goes when the broker notices that the connection did.
 */
import { randomUUID } from "node:crypto";
import type { Link } from "../../../amqp/link.ts";
import { type BoundKeys, createBoundKeys } from "../bound-keys.ts";

const aliveExchange = "celeriac.alive";

/** Shows that `owner` lives, for as long as this connection does. Rejects with what the library gave. */
export async function showAlive(link: Link, owner: string): Promise<void> {
  await declareAlive(link);
  const queue = `${aliveExchange}.${randomUUID()}`;
  await link.aside(async (channel) => {
    await channel.assertQueue(queue, { exclusive: true, durable: false, messageTtl: 0, maxLength: 1 });
    await channel.bindQueue(queue, aliveExchange, owner);
  });
}

/** Asks who lives. */
export function createLifeSigns(currentLink: () => Link | null): BoundKeys {
  return createBoundKeys(aliveExchange, currentLink, declareAlive);
}

async function declareAlive(link: Link): Promise<void> {
  await link.aside((channel) => channel.assertExchange(aliveExchange, "direct", { durable: true }));
}
