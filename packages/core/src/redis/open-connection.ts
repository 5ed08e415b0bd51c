/** Opens a connection to where a target is now: the server itself, the one that sentinels call the primary, or the nodes of a cluster. */
import { openNodes } from "./cluster.ts";
import { ClusterConnection } from "./cluster-connection.ts";
import type { ConnectionOptions, RedisConnection } from "./connection.ts";
import { atPrimary } from "./primary.ts";
import { openServer } from "./server-connection.ts";
import type { RedisServer, RedisTarget } from "./url.ts";

/** One attempt. Rejects with what `failure.ts` can judge, and with CREDENTIALS_FAILED. */
export async function openConnection(target: RedisTarget, options: ConnectionOptions): Promise<RedisConnection> {
  const { place } = target;
  const open = (server: RedisServer) => openServer(server, options);
  return "nodes" in place
    ? new ClusterConnection(await openNodes(place, target, options, open))
    : await atPrimary(place, target, options, open);
}
