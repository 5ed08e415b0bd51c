/** What must hold of a server before tasks are entrusted to it: it is new enough, stands alone, does not evict, and its keys are of a layout that is known. */
import type { DriverContext } from "../../driver.ts";
import { BrokerError, reasonOf } from "../../errors.ts";
import type { RedisConnection } from "../../redis/connection.ts";
import { isReply } from "../../redis/failure.ts";
import { layoutKey } from "./keys.ts";

/** Grows when the meaning of a key changes so that older versions must not touch it. */
const layout = 1;

/** Claims pop several messages at once, which older servers cannot. */
const oldestVersion = [6, 2] as const;

/** Throws BROKER_EVICTS, BROKER_LAYOUT, and BROKER_REFUSED for a server that is too old or a node of a cluster. */
export async function checkServer(connection: RedisConnection, label: string, context: DriverContext): Promise<void> {
  // One after the other: where the first refuses, the second must not have written anything.
  await checkInfo(connection, label, context);
  await checkLayout(connection, label);
}

async function checkInfo(connection: RedisConnection, label: string, { allowEviction, logger }: DriverContext): Promise<void> {
  let info: string;
  try {
    info = String(await connection.call("INFO"));
  } catch (error) {
    if (!isReply(error)) throw error;
    if (!allowEviction) logger.warn("It cannot be seen whether Redis may evict keys; it must not", { reason: reasonOf(error) });
    return;
  }
  const version = /^redis_version:((\d+)\.(\d+)\S*)/m.exec(info);
  if (version !== null && isOlder([Number(version[2]), Number(version[3])], oldestVersion)) {
    throw new BrokerError("BROKER_REFUSED", `Redis at ${label} is version ${version[1]}, expected ${oldestVersion.join(".")} or newer`);
  }
  // A settlement writes keys of several slots in one step.
  if (/^redis_mode:cluster/m.test(info))
    throw new BrokerError("BROKER_REFUSED", `Redis at ${label} is a node of a Redis Cluster, expected a server of its own, or sentinels`);
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1];
  if (allowEviction || policy === undefined || policy === "noeviction") return;
  throw new BrokerError("BROKER_EVICTS", `Redis at ${label} has maxmemory-policy ${policy}, expected noeviction: it may lose tasks`);
}

function isOlder([major, minor]: readonly [number, number], [wantedMajor, wantedMinor]: readonly [number, number]): boolean {
  return major < wantedMajor || (major === wantedMajor && minor < wantedMinor);
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
