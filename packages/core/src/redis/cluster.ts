/**
 * Which nodes of a cluster hold which keys at present. The nodes that the URL names are asked, and those heard of since: the ones it names
 * may be gone by now.
 */
import type { ConnectionOptions } from "./connection.ts";
import { unanswered } from "./failure.ts";
import { openServer } from "./server-connection.ts";
import { type HostAddress, hostText, type RedisCluster, type RedisServer, type RedisTarget, serverAt } from "./url.ts";

export const slotCount = 16_384;

/** What `open` made of each node, and for each slot the position of the node that holds it. */
export interface Nodes<T> {
  readonly nodes: readonly T[];
  readonly slots: Uint16Array;
}

interface Closable {
  close(): void;
}

/** Calls `open` with each node that holds slots, all at once. Rejects with the first failure; what was opened is closed then. */
export async function openNodes<T extends Closable>(
  cluster: RedisCluster,
  target: RedisTarget,
  options: ConnectionOptions,
  open: (server: RedisServer) => Promise<T>,
): Promise<Nodes<T>> {
  const { addresses, slots } = await readTopology(cluster, target, options);
  const opened = await Promise.allSettled(addresses.map((address) => open(serverAt(address, target, "node"))));
  const failure = opened.find((each) => each.status === "rejected");
  const nodes = opened.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  if (failure === undefined) return { nodes, slots };
  for (const node of nodes) node.close();
  throw failure.reason;
}

interface Topology {
  readonly addresses: readonly HostAddress[];
  readonly slots: Uint16Array;
}

/** By cluster: the nodes that it had when it was last heard of. */
const heardOf = new WeakMap<RedisCluster, readonly HostAddress[]>();

/** All are asked, the first that answers is believed: a node that lags behind sends whoever asks it for a key to another one. */
async function readTopology(cluster: RedisCluster, target: RedisTarget, options: ConnectionOptions): Promise<Topology> {
  const known = new Map([...cluster.nodes, ...(heardOf.get(cluster) ?? [])].map((address) => [hostText(address), address]));
  try {
    const topology = await Promise.any([...known.values()].map((address) => ask(address, target, options)));
    heardOf.set(cluster, topology.addresses);
    return topology;
  } catch (error) {
    const { errors } = error as AggregateError;
    throw known.size === 1 ? errors[0] : unanswered(`none of ${known.size} nodes of the cluster answers`, errors);
  }
}

async function ask(address: HostAddress, target: RedisTarget, options: ConnectionOptions): Promise<Topology> {
  const connection = await openServer(serverAt(address, target, "any"), { ...options, name: "celeriac:cluster" });
  try {
    return topologyOf((await connection.call("CLUSTER", "SLOTS")) as SlotRanges, address);
  } finally {
    connection.close();
  }
}

/** Each with its first and last slot and its nodes, the primary first: host, port, id and more. */
type SlotRanges = readonly (readonly [first: number, last: number, primary: readonly [host: string | null, port: number]])[];

/** Throws when some slots belong to nobody: whose keys they are would be found out only when they are asked for. */
function topologyOf(ranges: SlotRanges, asked: HostAddress): Topology {
  const addresses = new Map<string, { readonly position: number; readonly address: HostAddress }>();
  const slots = new Uint16Array(slotCount);
  let held = 0;
  for (const [first, last, [host, port]] of ranges) {
    // A node that does not know how others see it leaves its host out.
    const address = { host: host === null || host === "" ? asked.host : host, port };
    const node = addresses.get(hostText(address)) ?? { position: addresses.size, address };
    addresses.set(hostText(address), node);
    slots.fill(node.position, first, last + 1);
    held += last + 1 - first;
  }
  if (held < slotCount) throw new Error(`${slotCount - held} of ${slotCount} slots of the cluster are held by no node`);
  return { addresses: [...addresses.values()].map(({ address }) => address), slots };
}
