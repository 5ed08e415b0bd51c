/** The coordinator in a SQLite file, for the processes of one machine. */
import type { Coordinator, Lease, Slot } from "../coordinator.ts";
import type { DriverContext } from "../driver.ts";
import { BrokerError } from "../errors.ts";
import { filePathOf } from "../sqlite/file-path.ts";
import type { Answer, OperationFields, OperationKind } from "../sqlite/operation.ts";
import { openStore, type Store } from "../sqlite/store.ts";
import { checkTake } from "../token-bucket.ts";
import { checkSlotLimit } from "./held-slots.ts";

/** Throws CONFIG_URL. Opens nothing yet; the first call does. Every call may throw what opening the file throws, or BROKER_CLOSED. */
export function createSqliteCoordinator(url: string, context: DriverContext): Coordinator {
  const path = filePathOf(url);
  let opening: Promise<Store> | null = null;
  let closing: Promise<void> | null = null;
  /** the slots held, by their number */
  const held = new Map<number, AbortController>();

  async function open(): Promise<Store> {
    const store = await openStore(url, context);
    store.onLost((error) => {
      opening = null;
      // The lock that kept them went with the I/O thread.
      for (const lost of held.values()) lost.abort(error);
      held.clear();
    });
    return store;
  }

  function ask<K extends OperationKind>(kind: K, fields: OperationFields<K>): Promise<Answer<K>> {
    if (closing === null) return askStore(kind, fields);
    return Promise.reject(new BrokerError("BROKER_CLOSED", `The coordinator on ${path} was closed`));
  }

  async function askStore<K extends OperationKind>(kind: K, fields: OperationFields<K>): Promise<Answer<K>> {
    if (opening === null) {
      const attempt = open();
      opening = attempt;
      attempt.catch(() => {
        if (opening === attempt) opening = null;
      });
    }
    return await (await opening).run(kind, fields);
  }

  function leaseOf(name: string, token: number, ttlMs: number): Lease {
    // A renewal that came too late is final, even if the token's row is still there.
    let over = false;
    return {
      name,
      token,
      async renew() {
        if (over) return false;
        const renewed = await ask("renewLease", { name, token, ttlMs });
        if (!renewed) over = true;
        return renewed;
      },
      async release() {
        over = true;
        await ask("freeLease", { name, token });
      },
    };
  }

  function slotOf(key: string, id: number): Slot {
    const lost = new AbortController();
    held.set(id, lost);
    return Object.freeze({ key, lost: lost.signal, release: () => releaseSlot(id, lost) });
  }

  async function releaseSlot(id: number, lost: AbortController): Promise<void> {
    if (held.get(id) !== lost) return;
    held.delete(id);
    await askStore("freeSlot", { id });
  }

  return {
    async lease(name, ttlMs) {
      const token = await ask("takeLease", { name, ttlMs });
      return token === null ? null : leaseOf(name, token, ttlMs);
    },
    reserve: (key, owner, ttlMs) => ask("reserve", { key, owner, ttlMs }),
    release: (key, owner) => ask("unreserve", { key, owner }),
    async take(bucket, n, rate) {
      checkTake(bucket, n, rate);
      return await ask("takeTokens", { bucket, n, rate });
    },
    async slots(key, limit) {
      checkSlotLimit(key, limit);
      const id = await ask("takeSlot", { key, limit });
      return id === null ? null : slotOf(key, id);
    },
    now: () => ask("check", {}),
    close() {
      closing ??= (async () => {
        await Promise.allSettled([...held].map(([id, lost]) => releaseSlot(id, lost)));
        const store = await opening?.catch(() => null);
        await store?.close();
      })();
      return closing;
    },
  };
}
