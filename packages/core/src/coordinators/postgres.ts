/** The coordinator on PostgreSQL: rows with an end, by the server's clock. */
import { randomUUID } from "node:crypto";
import type { Coordinator, Lease } from "../coordinator.ts";
import type { DriverContext } from "../driver.ts";
import { BrokerError } from "../errors.ts";
import { parsePostgresUrl } from "../postgres/address.ts";
import { Database } from "../postgres/database.ts";
import { coordinatorFailure } from "../postgres/failure.ts";
import { coordinationTables } from "../postgres/schema.ts";
import { checkTake } from "../token-bucket.ts";
import { checkSlotLimit, HeldSlots, type SlotTiming, slotTiming } from "./held-slots.ts";
import * as statements from "./postgres-statements.ts";

/** Throws CONFIG_URL. Connects on first use. */
export function createPostgresCoordinator(url: string, context: DriverContext, timing: SlotTiming = slotTiming): Coordinator {
  const address = parsePostgresUrl(url, context.credentials);
  const closed = () => new BrokerError("BROKER_CLOSED", `The coordinator on PostgreSQL at ${address.label} was closed`);
  const database = new Database(address, { context, celeryTables: false, tables: coordinationTables, closed });

  async function translated<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw coordinatorFailure(error, address.label);
    }
  }

  const write = (sql: string, ...values: readonly unknown[]) => translated(database.write(sql, values));
  const isDone = async (sql: string, ...values: readonly unknown[]) => (await write(sql, ...values)).length > 0;

  const slots = new HeldSlots({
    clock: context.clock,
    logger: context.logger,
    timing,
    async renew(held) {
      const rows = await write(
        statements.renewSlots,
        held.map(({ key }) => key),
        held.map(({ holder }) => holder),
        timing.ttlMs,
      );
      const alive = new Set(rows.map((row) => row["holder"]));
      return held.map(({ holder }) => alive.has(holder));
    },
    async free({ key, holder }) {
      await write(statements.freeSlot, key, holder);
    },
  });

  function leaseOf(name: string, token: number, ttlMs: number): Lease {
    // Once lost it stays lost, without asking.
    let isOver = false;
    return Object.freeze({
      name,
      token,
      async renew() {
        if (!isOver) isOver = !(await isDone(statements.renewLease, name, token, ttlMs));
        return !isOver;
      },
      async release() {
        if (isOver) return;
        await write(statements.freeLease, name, token);
        isOver = true;
      },
    });
  }

  return {
    async lease(name, ttlMs) {
      const [row] = await write(statements.takeLease, name, ttlMs);
      return row === undefined ? null : leaseOf(name, Number(row["token"]), ttlMs);
    },
    async reserve(key, owner, ttlMs) {
      for (;;) {
        const [row] = await write(statements.reserve, key, owner, ttlMs);
        if (row !== undefined) return String(row["owner"]);
      }
    },
    release: (key, owner) => isDone(statements.unreserve, key, owner),
    async take(bucket, n, rate) {
      checkTake(bucket, n, rate);
      const values = [bucket, n, rate.limit, rate.perMs];
      if (await isDone(statements.takeTokens, ...values)) return 0;
      const [row] = await translated(database.ask(statements.tokensWait, values));
      // They may have come in since.
      return Math.max(1, Number(row?.["wait_ms"] ?? 0));
    },
    async slots(key, limit) {
      checkSlotLimit(key, limit);
      const holder = randomUUID();
      const askedAt = context.clock.monotonic();
      await translated(database.ready());
      const taken = await translated(
        database.transaction(async (ask) => {
          await ask(statements.lockSlots, [key]);
          await ask(statements.freeSilentSlots, [key]);
          return (await ask(statements.takeSlot, [key, holder, limit, timing.ttlMs])).length > 0;
        }),
      );
      return taken ? slots.hold({ key, holder }, askedAt) : null;
    },
    async now() {
      const [row] = await translated(database.ask(statements.serverTime));
      return Number(row?.["ms"]);
    },
    async close() {
      await slots.close();
      await database.close();
    },
  };
}
