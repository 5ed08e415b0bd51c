/** What docs/security.md gives each role on Redis. */
import { readFileSync } from "node:fs";

const page = readFileSync(new URL("../../docs/security.md", import.meta.url), "utf8");

/** The arguments of ACL SETUSER behind the user's name; the password is "secret". */
export function rulesOf(role: string): readonly string[] {
  const rules = new RegExp(`^ACL SETUSER ${role} (.+)$`, "m").exec(page)?.[1];
  if (rules === undefined) throw new Error(`docs/security.md has no rules for ${role}`);
  return rules.replace("PASSWORD", "secret").split(" ");
}

/** What a role needs besides on every node of a cluster. */
export const clusterRules: readonly string[] = /^On a cluster every role needs `([^`]+)` as well/m.exec(page)?.[1]?.split(" ") ?? [];
