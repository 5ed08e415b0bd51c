/** What docs/security.md lets each kind of process do, read from the page itself, and users who may do that and nothing else. */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createApp } from "@celeriac/core";
import { Redis } from "ioredis";
import { afterAll } from "vitest";
import { postgresRows } from "./postgres-client.ts";
import type { RabbitmqPermissions } from "./rabbitmq-server.ts";

/** Those of tasks. */
export type Role = "worker" | "producer" | "monitor";
/** On a Redis that keeps no queues less is enough. */
export type RedisRole = Role | `${Role}-results` | "operator" | "beat";

const page = readFileSync(new URL("../../docs/security.md", import.meta.url), "utf8");
const ownPassword = randomUUID();
const removals: (() => Promise<unknown>)[] = [];
afterAll(() => Promise.all(removals.splice(0).map((remove) => remove())));

/** The arguments of ACL SETUSER behind a user's name. */
export function redisRules(role: RedisRole, password: string): readonly string[] {
  const rules = new RegExp(`^ACL SETUSER ${role} (.+)$`, "m").exec(page)?.[1];
  if (rules === undefined) throw new Error(`docs/security.md has no rules for ${role}`);
  return rules.replace("PASSWORD", password).split(" ");
}

/** What a role needs besides on every node of a cluster. */
export function redisClusterRules(): readonly string[] {
  const rules = /^On a cluster every role needs `([^`]+)` as well/m.exec(page)?.[1];
  if (rules === undefined) throw new Error("docs/security.md has no rules for a cluster");
  return rules.split(" ");
}

/** The URL of a Redis as a new user who has the role: on every database of the server, but channels on this one. */
export async function redisUserUrl(url: string, role: RedisRole): Promise<string> {
  const username = `${role}-${randomUUID()}`;
  const administrate = async (...command: readonly [string, ...string[]]) => {
    const admin = new Redis(url, { protocol: 2, retryStrategy: () => null }).on("error", () => {});
    await admin.call("ACL", ...command).finally(() => admin.disconnect());
  };
  const database = new URL(url).pathname.slice(1) || "0";
  const rules = redisRules(role, ownPassword).map((rule) => rule.replace("&/0.", `&/${database}.`));
  await administrate("SETUSER", username, ...rules);
  // With a server that is gone they are gone, too.
  removals.push(() => administrate("DELUSER", username).catch(() => {}));
  return Object.assign(new URL(url), { username, password: ownPassword }).href;
}

export function rabbitmqPermissions(role: Role | "operator"): RabbitmqPermissions {
  const patterns = new RegExp(`^rabbitmqctl set_permissions -p shop ${role} +'(.+)' '(.+)' '(.+)'$`, "m").exec(page);
  if (patterns === null) throw new Error(`docs/security.md has no permissions for ${role}`);
  return [patterns[1]!, patterns[2]!, patterns[3]!];
}

export type PostgresRole = Role | "owner" | "beat";
/** What a database is for, as the page's lists of grants are headed; `tables` is what their owner needs. */
export type PostgresUse = "tables" | "results" | "coordinator" | "schedules" | "celeryTables" | "history";
export type PostgresUrls = Readonly<Record<PostgresRole, string>>;

const postgresRoles = ["owner", "worker", "producer", "monitor", "beat"] as const satisfies readonly PostgresRole[];

/** The statements that let whoever they name do what that use needs. */
export function postgresGrants(use: PostgresUse): readonly string[] {
  const block = new RegExp(`^-- ${use}\\b.*\\n((?:GRANT .+;\\n)+)`, "m").exec(page)?.[1];
  if (block === undefined) throw new Error(`docs/security.md grants nothing for ${use}`);
  return block.trim().split("\n");
}

/** The URLs of a database as new users, one of each role, who may do nothing there yet. `url` is its administrator's. */
export async function postgresUsers(url: string): Promise<PostgresUrls> {
  const urlOf = (role: PostgresRole) => {
    const username = nameOf(role, url);
    return `db+${Object.assign(new URL(url.replace(/^db\+/, "")), { username, password: ownPassword }).href}`;
  };
  for (const role of postgresRoles) await postgresRows(url, `create role ${nameOf(role, url)} login password '${ownPassword}'`);
  // As PostgreSQL 15 and later have it.
  await postgresRows(url, "revoke create on schema public from public");
  return Object.fromEntries(postgresRoles.map((role) => [role, urlOf(role)])) as PostgresUrls;
}

/** Runs statements of the page, or their opposite, for the users of the database. */
export async function grant(url: string, statements: readonly string[], how: "grant" | "revoke" = "grant"): Promise<void> {
  for (const statement of statements) {
    const [, what, whom] = /^GRANT (.+) TO (.+);$/.exec(statement)!;
    const users = whom!.replace(/\w+/g, (role) => nameOf(role as PostgresRole, url));
    await postgresRows(url, how === "grant" ? `grant ${what} to ${users}` : `revoke ${what} from ${users}`);
  }
}

/** Users of a database with what the page grants them for these uses; the owner has made the tables as the page says. */
export async function preparePostgres(url: string, uses: readonly PostgresUse[]): Promise<PostgresUrls> {
  const urls = await postgresUsers(url);
  await grant(url, postgresGrants("tables"));
  const config = { celeryTables: uses.includes("celeryTables") };
  const app = createApp("setup", { broker: "memory://setup", backend: urls.owner, config });
  await app.connect();
  await app.close();
  for (const use of uses) await grant(url, postgresGrants(use));
  return urls;
}

/** Users are the server's, not the database's. */
function nameOf(role: PostgresRole, url: string): string {
  return `${role}_${new URL(url.replace(/^db\+/, "")).pathname.slice(1)}`;
}
