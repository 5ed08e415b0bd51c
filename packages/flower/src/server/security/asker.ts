/** Who asks: what every route may know of the one it answers. */
import type { Role } from "../../shared/contract.ts";

export interface Asker {
  /** null: nobody had to log in */
  readonly user: string | null;
  readonly role: Role;
  readonly by: "nobody" | "basic" | "token" | "session" | "certificate";
  /** Why this one can change nothing, a sentence; null: can, as far as the role goes. */
  readonly readOnly: string | null;
}

declare module "fastify" {
  interface FastifyRequest {
    /** null: of a route that is open to everybody, nobody was asked */
    asker: Asker | null;
  }
}

const ranks: Readonly<Record<Role, number>> = { viewer: 0, operator: 1, admin: 2 };

export function mayAs(role: Role, needed: Role): boolean {
  return ranks[role] >= ranks[needed];
}
