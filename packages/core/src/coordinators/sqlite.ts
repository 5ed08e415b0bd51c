/** Leases and reservations in a SQLite file, for the processes of one machine. */
import type { Coordinator, Lease } from "../coordinator.ts";
import type { DriverContext } from "../driver.ts";
import { BrokerError } from "../errors.ts";
import { filePathOf } from "../sqlite/file-path.ts";
import type { Answer, OperationFields, OperationKind } from "../sqlite/operation.ts";
import { openStore, type Store } from "../sqlite/store.ts";

/** Throws CONFIG_URL. Opens nothing yet; the first call does. Every call may throw what opening the file throws, or BROKER_CLOSED. */
export function createSqliteCoordinator(url: string, context: DriverContext): Coordinator {
  const path = filePathOf(url);
  let opening: Promise<Store> | null = null;
  let closing: Promise<void> | null = null;

  async function open(): Promise<Store> {
    const store = await openStore(url, context);
    store.onLost(() => {
      opening = null;
    });
    return store;
  }

  async function ask<K extends OperationKind>(kind: K, fields: OperationFields<K>): Promise<Answer<K>> {
    if (closing !== null) throw new BrokerError("BROKER_CLOSED", `The coordinator on ${path} was closed`);
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

  return {
    async lease(name, ttlMs) {
      const token = await ask("takeLease", { name, ttlMs });
      return token === null ? null : leaseOf(name, token, ttlMs);
    },
    reserve: (key, owner, ttlMs) => ask("reserve", { key, owner, ttlMs }),
    release: (key, owner) => ask("unreserve", { key, owner }),
    now: () => ask("check", {}),
    close() {
      closing ??= (async () => {
        const store = await opening?.catch(() => null);
        await store?.close();
      })();
      return closing;
    },
  };
}
