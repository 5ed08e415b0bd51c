/** A private Redis for tests on a free loopback port, with a folder of its own. */
import { freePort } from "./free-port.ts";
import { type PrivateProcess, startPrivateProcess, temporaryDirectory } from "./private-process.ts";
import { programPath } from "./program.ts";

export interface RedisServer {
  /** of database 0: "redis://127.0.0.1:<port>/0" */
  readonly url: string;
  readonly port: number;
  /** of the server's process, for signals such as SIGSTOP; null while down */
  pid(): number | null;
  /** Stops the server; what it stores is lost unless it `persists`. `hard` is kill -9. */
  down(options?: { readonly hard?: boolean }): Promise<void>;
  /** Starts it again on the same port; resolves when it accepts connections. */
  up(): Promise<void>;
  /** down, then up. */
  restart(options?: { readonly hard?: boolean }): Promise<void>;
  /** Ends the server and removes its folder. Safe to call twice. */
  stop(): Promise<void>;
}

export interface RedisOptions {
  /** true: every write is on disk before it is answered (appendfsync always). */
  readonly persists?: boolean;
  /** More settings as redis.conf names them, e.g. { maxmemory: "4mb", "cluster-enabled": "yes" }. */
  readonly settings?: Readonly<Record<string, string>>;
  /** beside this process's own */
  readonly environment?: NodeJS.ProcessEnv;
}

const startLimitMs = 30_000;
const startAttempts = 5;

export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const folder = temporaryDirectory("redis");
  const { port, server } = await startOnFreePort(options, folder.path);
  let running: PrivateProcess | null = server;

  async function down({ hard = false }: { readonly hard?: boolean } = {}): Promise<void> {
    const ending = running;
    running = null;
    await ending?.stop({ signal: hard ? "SIGKILL" : "SIGTERM" });
  }
  async function up(): Promise<void> {
    running ??= await startOn(port, options, folder.path);
  }
  return {
    url: `redis://127.0.0.1:${port}/0`,
    port,
    pid: () => running?.pid ?? null,
    down,
    up,
    async restart(how) {
      await down(how);
      await up();
    },
    async stop() {
      await down({ hard: true });
      folder.remove();
    },
  };
}

async function startOnFreePort(options: RedisOptions, directory: string): Promise<{ port: number; server: PrivateProcess }> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    try {
      return { port, server: await startOn(port, options, directory) };
    } catch (error) {
      const taken = error instanceof Error && error.message.includes("Address already in use");
      if (!taken || attempt === startAttempts) throw error;
    }
  }
}

async function startOn(port: number, options: RedisOptions, directory: string): Promise<PrivateProcess> {
  const command = programPath("redis-server");
  if (command === null) throw new Error("redis-server is not installed, and this test needs one that it can stop");
  const settings = {
    port: String(port),
    bind: "127.0.0.1",
    dir: directory,
    databases: "4096",
    save: "",
    appendonly: options.persists === true ? "yes" : "no",
    appendfsync: "always",
    "maxmemory-policy": "noeviction",
    ...options.settings,
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const env = { ...process.env, ...options.environment };
  const server = startPrivateProcess({ command, args, env, cwd: directory, temporaryFolder: directory });
  try {
    await server.wrote(/Ready to accept connections/, startLimitMs);
  } catch (error) {
    await server.stop({ signal: "SIGKILL" });
    throw error;
  }
  return server;
}
