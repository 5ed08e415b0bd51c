/** A private PostgreSQL for tests on a free loopback port, with a folder of its own. It refuses to run as root, so there it runs as another user. */
import { spawnSync } from "node:child_process";
import { chownSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { freePort } from "./free-port.ts";
import { type PrivateProcess, startPrivateProcess, temporaryDirectory } from "./private-process.ts";
import { programPath } from "./program.ts";

export interface PostgresServer {
  readonly port: number;
  /** Creates a database; gives its URL: "db+postgresql://celeriac:<password>@127.0.0.1:<port>/<name>" */
  database(name: string): Promise<string>;
  /** Stops the server, cutting every connection; what it stores stays. */
  down(): Promise<void>;
  /** Starts it again on the same port; resolves when it accepts connections. */
  up(): Promise<void>;
  /** Ends the server and removes its folder. Safe to call twice. */
  stop(): Promise<void>;
}

interface User {
  readonly uid: number;
  readonly gid: number;
}

const startLimitMs = 60_000;
const startAttempts = 5;
export const postgresUser = "celeriac";
export const postgresPassword = "s3cret/word";

/** The path of one of PostgreSQL's programs, also where Debian keeps them; null when it is not installed. */
export function postgresProgram(name: string): string | null {
  const versions = [...listFolder("/usr/lib/postgresql")].sort((left, right) => Number(right) - Number(left));
  const folder = versions.map((version) => `/usr/lib/postgresql/${version}/bin`).find((bin) => listFolder(bin).includes(name));
  // Debian's first: there all of them are of one version.
  return folder === undefined ? programPath(name) : join(folder, name);
}

export function hasPostgres(): boolean {
  return postgresProgram("postgres") !== null && postgresProgram("initdb") !== null;
}

export async function startPostgres(): Promise<PostgresServer> {
  const folder = temporaryDirectory("postgres");
  const user = otherUser();
  if (user !== null) chownSync(folder.path, user.uid, user.gid);
  try {
    initialize(folder.path, user);
    const { port, server } = await startOnFreePort(folder.path, user);
    return serverOf({ folder, user, port, server });
  } catch (error) {
    folder.remove();
    throw error;
  }
}

interface Running {
  readonly folder: ReturnType<typeof temporaryDirectory>;
  readonly user: User | null;
  readonly port: number;
  readonly server: PrivateProcess;
}

function serverOf({ folder, user, port, server }: Running): PostgresServer {
  let running: PrivateProcess | null = server;

  async function down(): Promise<void> {
    const ending = running;
    running = null;
    // "Fast": it waits for nobody.
    await ending?.stop({ signal: "SIGINT" });
  }
  return {
    port,
    async database(name) {
      await administrate(port, `create database ${name}`);
      return urlOf(port, name);
    },
    down,
    async up() {
      running ??= await startOn(port, folder.path, user);
    },
    async stop() {
      await down();
      folder.remove();
    },
  };
}

export function urlOf(port: number, database: string): string {
  return `db+postgresql://${postgresUser}:${encodeURIComponent(postgresPassword)}@127.0.0.1:${port}/${database}`;
}

async function administrate(port: number, sql: string): Promise<void> {
  const client = new pg.Client({ host: "127.0.0.1", port, user: postgresUser, password: postgresPassword, database: "postgres" });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

function initialize(folder: string, user: User | null): void {
  const passwordFile = join(folder, "password");
  writeFileSync(passwordFile, `${postgresPassword}\n`);
  if (user !== null) chownSync(passwordFile, user.uid, user.gid);
  const args = ["-D", join(folder, "data"), "-U", postgresUser, `--pwfile=${passwordFile}`, "--auth=scram-sha-256"];
  const options = { cwd: folder, encoding: "utf8", ...user } as const;
  const { status, stderr, error } = spawnSync(postgresProgram("initdb")!, [...args, "-E", "UTF8", "--locale=C", "--no-sync"], options);
  if (status !== 0) throw new Error(`initdb failed: ${error?.message ?? stderr}`);
}

async function startOnFreePort(folder: string, user: User | null): Promise<{ port: number; server: PrivateProcess }> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    try {
      return { port, server: await startOn(port, folder, user) };
    } catch (error) {
      const taken = error instanceof Error && error.message.includes("Address already in use");
      if (!taken || attempt === startAttempts) throw error;
    }
  }
}

async function startOn(port: number, folder: string, user: User | null): Promise<PrivateProcess> {
  const settings = { listen_addresses: "127.0.0.1", port: String(port), unix_socket_directories: "", max_connections: "200", fsync: "off" };
  const args = ["-D", join(folder, "data"), ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])];
  const server = startPrivateProcess({ command: postgresProgram("postgres")!, args, cwd: folder, temporaryFolder: folder, user });
  try {
    await server.wrote(/database system is ready to accept connections/, startLimitMs);
  } catch (error) {
    await server.stop({ signal: "SIGKILL" });
    throw error;
  }
  return server;
}

/** Who runs it where we are root; null: we ourselves. */
function otherUser(): User | null {
  if (process.getuid?.() !== 0) return null;
  for (const name of ["postgres", "nobody"]) {
    const [uid, gid] = ["-u", "-g"].map((what) => Number(spawnSync("id", [what, name], { encoding: "utf8" }).stdout || Number.NaN));
    if (Number.isInteger(uid) && Number.isInteger(gid)) return { uid: uid!, gid: gid! };
  }
  throw new Error("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody");
}

function listFolder(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
