/** What somebody who has logged in may do: `roles`, read once. */
import { ConfigError } from "@celeriac/core/runtime";
import type { Role } from "../../shared/contract.ts";

/** Who is not named may do all, as in Flower, unless `*` says otherwise. Throws CONFIG_INVALID. */
export function readRoles(rows: readonly string[]): (user: string) => Role {
  const roles = new Map(rows.map(readRow));
  const others = roles.get("*") ?? "admin";
  return (user) => roles.get(user) ?? roles.get(user.toLowerCase()) ?? others;
}

function readRow(row: string): readonly [string, Role] {
  const [, name, role] = /^(.+)=(viewer|operator|admin)$/.exec(row) ?? [];
  if (name === undefined)
    throw new ConfigError("CONFIG_INVALID", `Setting roles: expected name=viewer, name=operator or name=admin, got ${JSON.stringify(row)}`);
  return [name, role as Role];
}
