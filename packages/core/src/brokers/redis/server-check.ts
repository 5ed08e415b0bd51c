/** What must hold of a server before tasks are entrusted to it: it does not evict, and its keys are of a layout that is known. */
import type { DriverContext } from "../../driver.ts";
import { BrokerError, reasonOf } from "../../errors.ts";
import type { RedisConnection } from "../../redis/connection.ts";
import { isReply } from "../../redis/failure.ts";
import { layoutKey } from "./keys.ts";

/** Grows when the meaning of a key changes so that older versions must not touch it. */
const layout = 1;

/** Throws BROKER_EVICTS, BROKER_LAYOUT. */
export async function checkServer(connection: RedisConnection, label: string, context: DriverContext): Promise<void> {
  await Promise.all([checkEviction(connection, label, context), checkLayout(connection, label)]);
}

async function checkEviction(connection: RedisConnection, label: string, { allowEviction, logger }: DriverContext): Promise<void> {
  if (allowEviction) return;
  try {
    const policy = /^maxmemory_policy:(\S+)/m.exec(String(await connection.call("INFO", "memory")))?.[1];
    if (policy === undefined || policy === "noeviction") return;
    throw new BrokerError("BROKER_EVICTS", `Redis at ${label} has maxmemory-policy ${policy}, expected noeviction: it may lose tasks`);
  } catch (error) {
    if (!isReply(error)) throw error;
    logger.warn("It cannot be seen whether Redis may evict keys; it must not", { reason: reasonOf(error) });
  }
}

async function checkLayout(connection: RedisConnection, label: string): Promise<void> {
  const found = await connection.call("GET", layoutKey);
  if (found === null) {
    // On a full server it stays unwritten until there is room.
    await connection.call("SET", layoutKey, layout, "NX").catch((error: unknown) => {
      if (!isReply(error)) throw error;
    });
  } else if (Number(found) > layout) {
    throw new BrokerError("BROKER_LAYOUT", `Redis at ${label} has layout ${String(found)}, this version knows up to ${layout}`);
  }
}
