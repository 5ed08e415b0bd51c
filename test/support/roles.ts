/** What docs/security.md lets each kind of process do, read from the page itself, and users who may do that and nothing else. */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { Redis } from "ioredis";
import { afterAll } from "vitest";
import type { RabbitmqPermissions } from "./rabbitmq-server.ts";

export type Role = "worker" | "producer" | "monitor";

const page = readFileSync(new URL("../../docs/security.md", import.meta.url), "utf8");
const ownPassword = randomUUID();
const removals: (() => Promise<unknown>)[] = [];
afterAll(() => Promise.all(removals.splice(0).map((remove) => remove())));

/** The arguments of ACL SETUSER behind a user's name. */
export function redisRules(role: Role, password: string): readonly string[] {
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

/** The URL of a Redis as a new user who has the role on every database of the server. */
export async function redisUserUrl(url: string, role: Role): Promise<string> {
  const username = `${role}-${randomUUID()}`;
  const administrate = async (...command: readonly [string, ...string[]]) => {
    const admin = new Redis(url, { protocol: 2, retryStrategy: () => null }).on("error", () => {});
    await admin.call("ACL", ...command).finally(() => admin.disconnect());
  };
  await administrate("SETUSER", username, ...redisRules(role, ownPassword));
  // With a server that is gone they are gone, too.
  removals.push(() => administrate("DELUSER", username).catch(() => {}));
  return Object.assign(new URL(url), { username, password: ownPassword }).href;
}

export function rabbitmqPermissions(role: Role): RabbitmqPermissions {
  const patterns = new RegExp(`^rabbitmqctl set_permissions -p shop ${role} +'(.+)' '(.+)' '(.+)'$`, "m").exec(page);
  if (patterns === null) throw new Error(`docs/security.md has no permissions for ${role}`);
  return [patterns[1]!, patterns[2]!, patterns[3]!];
}
