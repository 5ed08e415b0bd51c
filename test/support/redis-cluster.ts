/** A private Redis Cluster of three primaries, each with a replica where a test kills them. A node that is silent for 1.5 s is taken for dead. */
import { Redis } from "ioredis";
import { eventually } from "./eventually.ts";
import { freePort } from "./free-port.ts";
import { type RedisServer, startRedis } from "./redis-server.ts";

export const primaryCount = 3;
const slotCount = 16_384;

export interface RedisCluster {
  /** as a user writes it, naming every node */
  readonly url: string;
  /** the primaries at first; behind them, one for each, the replicas */
  readonly nodes: readonly RedisServer[];
  /** A client of one node, which is told of keys that lie elsewhere. */
  clientOf(node: RedisServer): Redis;
  /** The node that holds a key at present. */
  holderOf(key: string): Promise<RedisServer>;
  /** Resolves when all nodes that run agree that every slot is served, and that each has its replica if `replicated`. */
  settled(replicated?: boolean): Promise<void>;
  /** Empties all nodes. */
  clear(): Promise<void>;
  /** Moves the slot of a key, and what lies in it, to another primary. */
  moveSlot(key: string, to: RedisServer): Promise<void>;
  stop(): Promise<void>;
}

export interface RedisClusterOptions {
  readonly replicas?: boolean;
  /** More settings of each node, as redis.conf names them. */
  readonly settings?: Readonly<Record<string, string>>;
}

const patience = { withinMs: 60_000, everyMs: 50 };
/** A server that is stopped answers nobody. */
const answerMs = 500;

export async function startRedisCluster({ replicas = false, settings }: RedisClusterOptions = {}): Promise<RedisCluster> {
  const count = replicas ? 2 * primaryCount : primaryCount;
  const nodes: RedisServer[] = [];
  const clients = new Map<RedisServer, Redis>();

  function clientOf(node: RedisServer): Redis {
    const known = clients.get(node);
    if (known !== undefined) return known;
    const client = new Redis(node.url, { protocol: 2, retryStrategy: () => 50, maxRetriesPerRequest: 0, commandTimeout: answerMs });
    client.on("error", () => {});
    clients.set(node, client);
    return client;
  }
  const idOf = async (node: RedisServer) => String(await clientOf(node).cluster("MYID"));
  const running = () => nodes.filter((node) => node.pid() !== null);

  async function holderOf(key: string): Promise<RedisServer> {
    const client = clientOf(running()[0] as RedisServer);
    const slot = Number(await client.cluster("KEYSLOT", key));
    const ranges = (await client.cluster("SLOTS")) as unknown as [number, number, [string, number]][];
    const port = ranges.find(([first, last]) => first <= slot && slot <= last)?.[2][1];
    return nodes.find((node) => node.port === port) as RedisServer;
  }

  const cluster: RedisCluster = {
    get url() {
      return nodes.map(({ port }) => `redis+cluster://127.0.0.1:${port}`).join(";");
    },
    nodes,
    clientOf,
    holderOf,
    async settled(replicated = false) {
      await eventually(async () => {
        for (const node of running()) {
          const info = String(await clientOf(node).cluster("INFO"));
          if (!info.includes("cluster_state:ok") || !info.includes(`cluster_known_nodes:${count}`)) return false;
          const told = String(await clientOf(node).cluster("NODES"));
          const lines = told.trim().split("\n");
          if (replicated && lines.filter((line) => / (?:myself,)?slave .* connected$/.test(line)).length < primaryCount) return false;
          const replication = String(await clientOf(node).info("replication"));
          if (replicated && replication.includes("master_link_status:down")) return false;
        }
        return true;
      }, patience);
    },
    async clear() {
      for (const node of running()) if ((await clientOf(node).role())[0] === "master") await clientOf(node).flushall();
    },
    async moveSlot(key, to) {
      const from = await holderOf(key);
      const [source, target] = [clientOf(from), clientOf(to)];
      const slot = Number(await source.cluster("KEYSLOT", key));
      await target.call("CLUSTER", "SETSLOT", slot, "IMPORTING", await idOf(from));
      await source.call("CLUSTER", "SETSLOT", slot, "MIGRATING", await idOf(to));
      for (;;) {
        const keys = (await source.call("CLUSTER", "GETKEYSINSLOT", slot, 100)) as string[];
        if (keys.length === 0) break;
        await source.call("MIGRATE", "127.0.0.1", to.port, "", 0, 5_000, "KEYS", ...keys);
      }
      for (const node of [to, from, ...nodes]) {
        if ((await clientOf(node).role())[0] === "master") await clientOf(node).call("CLUSTER", "SETSLOT", slot, "NODE", await idOf(to));
      }
    },
    async stop() {
      for (const client of clients.values()) client.disconnect();
      await Promise.all(nodes.map((node) => node.stop()));
    },
  };
  try {
    for (let index = 0; index < count; index++) {
      const bus = String(await freePort());
      const own = {
        "cluster-enabled": "yes",
        "cluster-port": bus,
        "cluster-node-timeout": "1500",
        "repl-diskless-sync-delay": "0",
        databases: "1",
      };
      nodes.push(await startRedis({ settings: { ...own, ...settings } }));
    }
    const first = nodes[0] as RedisServer;
    for (const [index, node] of nodes.entries()) {
      await clientOf(node).call("CLUSTER", "SET-CONFIG-EPOCH", index + 1);
      if (index >= primaryCount) continue;
      const slots = [index, index + 1].map((part) => Math.floor((part * slotCount) / primaryCount));
      await clientOf(node).call("CLUSTER", "ADDSLOTSRANGE", slots[0] as number, (slots[1] as number) - 1);
    }
    for (const node of nodes.slice(1)) {
      const bus = ((await clientOf(node).config("GET", "cluster-port")) as string[])[1] as string;
      await clientOf(first).call("CLUSTER", "MEET", "127.0.0.1", node.port, bus);
    }
    await cluster.settled();
    for (const [index, node] of nodes.slice(primaryCount).entries()) {
      const id = await idOf(nodes[index] as RedisServer);
      await eventually(() => clientOf(node).call("CLUSTER", "REPLICATE", id), patience);
    }
    await cluster.settled(replicas);
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}
