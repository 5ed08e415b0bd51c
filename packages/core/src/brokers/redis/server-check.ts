/** What must hold of a server, or of each node of a cluster, before tasks are entrusted to it: it is new enough, does not evict, and its keys are of a layout that is known. */
import type { DriverContext } from "../../driver.ts";
import { BrokerError, reasonOf } from "../../errors.ts";
import type { RedisConnection } from "../../redis/connection.ts";
import { clusterUrl, isReply } from "../../redis/failure.ts";
import type { RedisTarget } from "../../redis/url.ts";
import { layoutKey } from "./keys.ts";

/** Grows when the meaning of a key changes so that older versions must not touch it. */
const layout = 1;

/** Claims pop several messages at once, which older servers cannot. */
const oldestVersion = [6, 2] as const;

/** Throws BROKER_EVICTS, BROKER_LAYOUT, and BROKER_REFUSED for a server that is too old or is a node of a cluster and was not reached as one. */
export async function checkServer(connection: RedisConnection, target: RedisTarget, context: DriverContext): Promise<void> {
  // One after the other: where the first refuses, the second must not have written anything.
  await Promise.all(connection.servers.map((server) => checkInfo(server, target, context)));
  await checkLayout(connection, target.label);
}

async function checkInfo(
  connection: RedisConnection,
  { label, place }: RedisTarget,
  { allowEviction, logger }: DriverContext,
): Promise<void> {
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
  if (/^redis_mode:cluster/m.test(info) && !("nodes" in place))
    throw new BrokerError("BROKER_REFUSED", `Redis at ${label} refused: ${clusterUrl}`);
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
