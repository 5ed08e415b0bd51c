/** The coordinator in the memory of one process, for those who open the same memory:// URL in it. */
import type { Coordinator, Slot } from "../coordinator.ts";
import type { DriverContext } from "../driver.ts";
import { BrokerError } from "../errors.ts";
import { openSpace } from "../memory/space.ts";
import { checkTake } from "../token-bucket.ts";
import { checkSlotLimit } from "./held-slots.ts";

/** Throws CONFIG_URL, MEMORY_OUT_OF_REACH. */
export function createMemoryCoordinator(url: string, context: DriverContext): Coordinator {
  const space = openSpace(url, context);
  const { clock } = context;
  const held = new Set<Slot>();
  let closed = false;

  /** What is coordinated, while this driver is open. */
  function coordination() {
    if (closed) throw new BrokerError("BROKER_CLOSED", `The coordinator on ${space.label} was closed`);
    return space.coordination;
  }

  return {
    async lease(name, ttlMs) {
      const token = coordination().takeLease(name, ttlMs, clock.now());
      if (token === null) return null;
      return {
        name,
        token,
        renew: async () => coordination().renewLease(name, token, ttlMs, clock.now()),
        release: async () => coordination().freeLease(name, token, clock.now()),
      };
    },
    reserve: async (key, owner, ttlMs) => coordination().reserve(key, owner, ttlMs, clock.now()),
    release: async (key, owner) => coordination().unreserve(key, owner, clock.now()),
    async take(bucket, n, rate) {
      checkTake(bucket, n, rate);
      return coordination().takeTokens(bucket, n, rate, clock.now());
    },
    async slots(key, limit) {
      checkSlotLimit(key, limit);
      const slot: Slot = Object.freeze({
        key,
        // Nobody can take this process for dead and live.
        lost: new AbortController().signal,
        async release() {
          if (held.delete(slot)) space.coordination.freeSlot(key, slot);
        },
      });
      if (!coordination().takeSlot(key, slot, limit)) return null;
      held.add(slot);
      return slot;
    },
    async now() {
      coordination();
      return clock.now();
    },
    async close() {
      closed = true;
      for (const slot of held) await slot.release();
    },
  };
}
