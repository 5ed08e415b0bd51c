/** Who is asking and what they may, known to every page; and why a change is refused, in one place. */
import { createContext, useContext } from "react";
import type { Role, SessionView } from "../../shared/contract.ts";

export const SessionContext = createContext<SessionView | null>(null);

export function useSession(): SessionView {
  const session = useContext(SessionContext);
  if (session === null) throw new Error("useSession: there is no session above");
  return session;
}

const ranks: Readonly<Record<Role, number>> = { viewer: 0, operator: 1, admin: 2 };

/** Why this session may not do what needs that role; null: it may. */
export function useRefusal(needed: Role = "operator"): string | null {
  const { readOnly, role } = useSession();
  if (readOnly !== null) return readOnly;
  return ranks[role] < ranks[needed] ? `This needs the role ${needed}; yours is ${role}.` : null;
}
