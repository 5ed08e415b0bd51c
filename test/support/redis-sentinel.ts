/** A private primary with a replica and three sentinels that watch them, for tests of failovers. The sentinels take a server for dead that is silent for 1.5 s. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import { eventually } from "./eventually.ts";
import { freePort } from "./free-port.ts";
import { startPrivateProcess, temporaryDirectory } from "./private-process.ts";
import { programPath } from "./program.ts";
import { type RedisServer, startRedis } from "./redis-server.ts";

export const primaryName = "the-primary";

export interface SentinelSet {
  readonly servers: readonly [RedisServer, RedisServer];
  /** of the sentinels */
  readonly ports: readonly number[];
  /** The sentinels' URL for a database, without what they call the primary. */
  url(db?: number): string;
  /** What the servers say of themselves at this moment; null while not exactly one is the primary. */
  primary(): Promise<RedisServer | null>;
  /** Kills the primary with -9, and gives it. */
  killPrimary(): Promise<RedisServer>;
  /** Stops the primary's process without ending it (SIGSTOP); what it gives lets it go on, and resolves when it has become a replica. */
  freezePrimary(): Promise<() => Promise<void>>;
  /** Resolves with the new primary as soon as it says that it is one. */
  promoted(): Promise<RedisServer>;
  /** Brings a killed server back as a replica; resolves when it follows, and all sentinels know. */
  rejoin(server: RedisServer): Promise<void>;
  /** Lets the replica take over while the primary runs; resolves when it has, and the other one has stepped down. */
  swap(): Promise<void>;
  stop(): Promise<void>;
}

export interface SentinelSetOptions {
  /** that the sentinels want */
  readonly password?: string;
}

const startLimitMs = 30_000;
/** A server that is stopped answers nobody. */
const answerMs = 500;
const patience = { withinMs: 60_000, everyMs: 50 };

export async function startSentinels({ password }: SentinelSetOptions = {}): Promise<SentinelSet> {
  const settings = { "repl-diskless-sync-delay": "0" };
  const servers = [await startRedis({ settings }), await startRedis({ settings })] as const;
  const clients = new Map<number, Redis>();
  const sentinels: Sentinel[] = [];

  /** Speaks to a server or a sentinel; reconnects by itself. */
  function clientOf(port: number, login: { readonly password?: string } = {}): Redis {
    const known = clients.get(port);
    if (known !== undefined) return known;
    const client = new Redis({
      port,
      host: "127.0.0.1",
      protocol: 2,
      retryStrategy: () => 50,
      maxRetriesPerRequest: 0,
      commandTimeout: answerMs,
      ...login,
    });
    client.on("error", () => {});
    clients.set(port, client);
    return client;
  }
  const askSentinel = (port: number, ...words: readonly string[]) =>
    clientOf(port, password === undefined ? {} : { password }).call("SENTINEL", ...(words as [string]));

  async function follow(server: RedisServer, primary: RedisServer): Promise<void> {
    await eventually(() => clientOf(server.port).call("REPLICAOF", "127.0.0.1", String(primary.port)), patience);
    await eventually(async () => (await clientOf(server.port).info("replication")).includes("master_link_status:up"), patience);
  }
  async function primary(): Promise<RedisServer | null> {
    const leaders: RedisServer[] = [];
    for (const server of servers) {
      if (server.pid() === null) continue;
      const role = await clientOf(server.port)
        .call("ROLE")
        .catch(() => null);
      if (Array.isArray(role) && role[0] === "master") leaders.push(server);
    }
    // While they change places both may say so.
    return leaders.length === 1 ? (leaders[0] as RedisServer) : null;
  }
  /** All sentinels know each other, the primary, and a replica that follows. */
  async function known(): Promise<void> {
    await eventually(async () => {
      // A machine that is too busy may let them change it once more.
      const leader = await primary();
      for (const { port } of sentinels) {
        const master = fieldsOf(await askSentinel(port, "MASTER", primaryName));
        const [replica] = (await askSentinel(port, "REPLICAS", primaryName)) as unknown[];
        const { flags, "master-link-status": link } = fieldsOf(replica);
        const others = Number(master["num-other-sentinels"]);
        if (master["port"] !== String(leader?.port) || master["flags"] !== "master" || others !== 2) return false;
        if (flags !== "slave" || link !== "ok") return false;
      }
      return true;
    }, patience);
  }

  const set: SentinelSet = {
    servers,
    get ports() {
      return sentinels.map(({ port }) => port);
    },
    url: (db = 0) => sentinels.map(({ port }, index) => `sentinel://127.0.0.1:${port}${index === 0 ? `/${db}` : ""}`).join(";"),
    primary,
    async killPrimary() {
      const killed = await primary();
      if (killed === null) throw new Error("there is no primary to kill");
      await killed.down({ hard: true });
      return killed;
    },
    async freezePrimary() {
      const frozen = await primary();
      const pid = frozen?.pid() ?? null;
      if (pid === null) throw new Error("there is no primary to freeze");
      process.kill(pid, "SIGSTOP");
      return async () => {
        process.kill(pid, "SIGCONT");
        await known();
      };
    },
    promoted: () =>
      eventually(
        async () => {
          const found = await primary();
          if (found === null) throw new Error("no server says that it is the primary");
          return found;
        },
        { ...patience, everyMs: 5 },
      ),
    async rejoin(server) {
      const leader = await set.promoted();
      await server.up();
      await follow(server, leader);
      await known();
    },
    async swap() {
      const before = await set.promoted();
      const after = servers.find((server) => server !== before) as RedisServer;
      await askSentinel(set.ports[0] as number, "FAILOVER", primaryName);
      await eventually(async () => (await primary()) === after, patience);
    },
    async stop() {
      for (const client of clients.values()) client.disconnect();
      await Promise.all([...sentinels, ...servers].map((each) => each.stop()));
    },
  };
  try {
    await follow(servers[1], servers[0]);
    for (let count = 0; count < 3; count++) sentinels.push(await startSentinel({ watches: servers[0].port, name: primaryName, password }));
    await known();
    return set;
  } catch (error) {
    await set.stop();
    throw error;
  }
}

export interface Sentinel {
  readonly port: number;
  stop(): Promise<void>;
}

/** One that takes the server at port `watches` for the primary `name`. */
export async function startSentinel(options: {
  readonly watches: number;
  readonly name: string;
  readonly password?: string | undefined;
}): Promise<Sentinel> {
  const { watches, name, password } = options;
  const folder = temporaryDirectory("sentinel");
  const port = await freePort();
  const path = join(folder.path, "sentinel.conf");
  const lines = [
    `port ${port}`,
    "bind 127.0.0.1",
    `dir ${folder.path}`,
    ...(password === undefined ? [] : [`requirepass ${password}`]),
    `sentinel monitor ${name} 127.0.0.1 ${watches} 2`,
    `sentinel down-after-milliseconds ${name} 1500`,
    `sentinel failover-timeout ${name} 3000`,
  ];
  // It keeps in this file what it learns.
  writeFileSync(path, `${lines.join("\n")}\n`);
  const command = programPath("redis-server");
  if (command === null) throw new Error("redis-server is not installed, and this test needs sentinels of its own");
  const sentinel = startPrivateProcess({ command, args: [path, "--sentinel"], cwd: folder.path, temporaryFolder: folder.path });
  const stop = async () => {
    await sentinel.stop({ signal: "SIGKILL" });
    folder.remove();
  };
  try {
    await sentinel.wrote(/\+monitor master/, startLimitMs);
    return { port, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Sentinels answer with names and values in turn. */
function fieldsOf(answer: unknown): Readonly<Record<string, string>> {
  const words = (answer ?? []) as readonly string[];
  return Object.fromEntries(words.flatMap((word, index) => (index % 2 === 0 ? [[word, words[index + 1] ?? ""]] : [])));
}
