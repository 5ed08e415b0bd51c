/** Which of several RabbitMQs is tried next: one for all sessions of a driver, so that they meet on the same server. */
import type { AmqpAddress } from "./address.ts";

export interface Failover {
  /** All of them, in the order in which they are to be tried now: the one that was reached last comes first. */
  inTurn(): readonly AmqpAddress[];
  /** One of those that `inTurn` gave. */
  reached(address: AmqpAddress): void;
}

/** As in kombu. round-robin: as listed, from the one that was reached last on; shuffle: in any order. */
export type FailoverStrategy = "round-robin" | "shuffle";

/** The least time a server gets to answer, however many share one attempt. */
const leastTimeoutMs = 1_000;

/** `random` gives 0 to 1. */
export function createFailover(
  addresses: readonly AmqpAddress[],
  strategy: FailoverStrategy = "round-robin",
  random: () => number = Math.random,
): Failover {
  // Those that are silent must not keep an attempt from the one that answers for longer than a single one would.
  const share = (timeoutMs: number) => Math.max(Math.min(timeoutMs, leastTimeoutMs), timeoutMs / addresses.length);
  let order = addresses.map((address) => Object.freeze({ ...address, timeoutMs: share(address.timeoutMs) }));
  if (strategy === "shuffle") order = shuffled(order, random);
  return {
    inTurn: () => order,
    reached(address) {
      const at = order.indexOf(address);
      if (at <= 0) return;
      const others = [...order.slice(at + 1), ...order.slice(0, at)];
      order = [order[at]!, ...(strategy === "shuffle" ? shuffled(others, random) : others)];
    },
  };
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, rank: random() }))
    .sort((left, right) => left.rank - right.rank)
    .map(({ item }) => item);
}
