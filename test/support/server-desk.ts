/**
 * Hands out places on the run's servers to the processes that run test files: each a database or a vhost of its own, users of vhosts, and
 * what RabbitMQ's administrator may do. A server starts when it is first asked for, so a run that needs one does not wait for the other.
 */
import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Redis } from "ioredis";
import pg from "pg";
import { installWhatIsMissing } from "./install.ts";
import { hasPostgres, startPostgres } from "./postgres-server.ts";
import { programPath } from "./program.ts";
import { hasRabbitmq, type RabbitmqPermissions, type RabbitmqPlace, startRabbitmq } from "./rabbitmq-server.ts";
import { startRedis } from "./redis-server.ts";

export interface ServerDesk {
  /** where `place` asks */
  readonly url: string;
  /** Ends every server that was started. */
  close(): Promise<void>;
}

/** A server of this run, or of the machine: a new place in it per call. */
interface Server {
  newPlace(): Promise<string>;
  /** The URL of a place as a new user who has these permissions; absent where there are no users, or a test makes them itself. */
  newUser?(url: string, permissions: RabbitmqPermissions): Promise<string>;
  /** Where it is, for `rabbitmqAt`, and its answer to an expression; absent where it is not the run's own. */
  readonly node?: { readonly place: RabbitmqPlace; evaluate(expression: string): Promise<string> };
  stop(): Promise<void>;
}

const openers: Readonly<Record<string, () => Promise<Server>>> = { redis: openRedis, amqp: openRabbitmq, postgres: openPostgres };

export async function openServerDesk(): Promise<ServerDesk> {
  installWhatIsMissing();
  const open = new Map<string, Promise<Server>>();
  const serverCalled = (name: string): Promise<Server> => {
    const opener = openers[name];
    if (opener === undefined) throw new Error(`no server is called ${name}`);
    const server = open.get(name) ?? opener();
    open.set(name, server);
    return server;
  };
  /** `/<server>`: a new place. `/<server>/user?<url, configure, write, read>`: a new user of one. `/<server>/node?<expression>`: the node's answer, or where it is. */
  const answer = async ({ pathname, searchParams }: URL): Promise<string> => {
    const [, name = "", what] = pathname.split("/");
    const server = await serverCalled(name);
    if (what === undefined) return await server.newPlace();
    if (server.newUser === undefined || server.node === undefined)
      throw new Error(`This test needs an administrator, and is none on this ${name}: install the server for the tests`);
    if (what === "node") {
      const expression = searchParams.get("expression");
      return expression === null ? JSON.stringify(server.node.place) : await server.node.evaluate(expression);
    }
    const [url, configure, write, read] = ["url", "configure", "write", "read"].map((field) => searchParams.get(field) ?? "");
    return await server.newUser(url!, [configure!, write!, read!]);
  };
  const desk = createServer((request, response) => {
    answer(new URL(request.url ?? "/", "http://desk")).then(
      (url) => response.end(url),
      (error: Error) => response.writeHead(500).end(error.message),
    );
  });
  await new Promise<void>((resolve, reject) => desk.once("error", reject).listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(desk.address() as AddressInfo).port}`,
    async close() {
      desk.close();
      desk.closeAllConnections();
      const started = await Promise.allSettled(open.values());
      await Promise.all(started.map((server) => (server.status === "fulfilled" ? server.value.stop() : null)));
    },
  };
}

async function openRedis(): Promise<Server> {
  const given = process.env["REDIS_URL"];
  if (programPath("redis-server") !== null) {
    const server = await startRedis();
    let database = 0;
    return { newPlace: async () => `redis://127.0.0.1:${server.port}/${++database}`, stop: server.stop };
  }
  if (given === undefined) throw new Error(missing("redis-server", "REDIS_URL"));
  return databasesOf(given);
}

/** The databases of a server that somebody lent us, one after another from 1, each emptied when it is handed out. */
async function databasesOf(url: string): Promise<Server> {
  const client = new Redis(url, { protocol: 2 });
  const [, count] = (await client.config("GET", "databases")) as [string, string];
  let handedOut = 0;
  return {
    async newPlace() {
      const database = 1 + (handedOut++ % (Number(count) - 1));
      await client.select(database);
      await client.flushdb();
      return Object.assign(new URL(url), { pathname: `/${database}` }).href;
    },
    stop: async () => client.disconnect(),
  };
}

async function openRabbitmq(): Promise<Server> {
  const given = process.env["AMQP_URL"];
  if (hasRabbitmq()) {
    const server = await startRabbitmq({ tls: true });
    // Ctrl-C ends the process without waiting for `close`.
    process.once("exit", () => rmSync(server.place.directory, { recursive: true, force: true }));
    let count = 0;
    let last: Promise<unknown> = Promise.resolve();
    // One at a time: the node refuses a second administrator's call that comes in the same moment.
    const inTurn = (call: () => Promise<string>): Promise<string> => {
      const made = last.then(call);
      last = made.catch(() => {});
      return made;
    };
    return {
      newPlace: () => inTurn(() => server.vhost(`place-${++count}`)),
      newUser: (url, permissions) =>
        inTurn(async () => {
          const [username, password] = [randomUUID(), "secret"];
          await server.addUser(username, password);
          await server.permit(username, decodeURIComponent(new URL(url).pathname.slice(1)), permissions);
          return Object.assign(new URL(url), { username, password }).href;
        }),
      node: { place: server.place, evaluate: (expression) => inTurn(() => server.evaluate(expression)) },
      stop: server.stop,
    };
  }
  if (given === undefined) throw new Error(missing("rabbitmq-server", "AMQP_URL"));
  return { newPlace: async () => given, stop: async () => {} };
}

async function openPostgres(): Promise<Server> {
  const given = process.env["POSTGRES_URL"];
  let count = 0;
  if (hasPostgres()) {
    const server = await startPostgres();
    return { newPlace: () => server.database(`place_${++count}`), stop: server.stop };
  }
  if (given === undefined) throw new Error(missing("postgresql", "POSTGRES_URL"));
  return {
    async newPlace() {
      const name = `celeriac_test_${process.pid}_${++count}`;
      const client = new pg.Client({ connectionString: given });
      await client.connect();
      await client.query(`create database ${name}`);
      await client.end();
      return `db+${Object.assign(new URL(given), { pathname: `/${name}` }).href}`;
    },
    stop: async () => {},
  };
}

function missing(program: string, variable: string): string {
  return `This test needs ${program}: install it (or run as root on Debian, where the tests install it), or name a server for tests in ${variable}.`;
}
