/** How a monitor stands to those who ask, as its options say. */
import type { AccessOptions } from "../options/access.ts";

/** closed: no login is configured, and who sits at the machine may look on; open: whoever reaches it may do all; login: who has logged in may. */
export type Posture = "closed" | "open" | "login";

export function postureOf({ basicAuth, apiTokens, authProvider, unauthenticatedApi }: AccessOptions): Posture {
  if (basicAuth.length > 0 || apiTokens.length > 0 || authProvider !== null) return "login";
  return unauthenticatedApi ? "open" : "closed";
}

export const howToOpen =
  "No login is configured: set FLOWER_BASIC_AUTH=user:password, FLOWER_API_TOKENS or FLOWER_AUTH_PROVIDER; FLOWER_UNAUTHENTICATED_API=true lets everybody look on and change things.";
