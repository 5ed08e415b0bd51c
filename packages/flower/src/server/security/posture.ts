/** How a monitor stands to those who ask, as its options say. */
import type { AccessOptions } from "../options/access.ts";

/** closed: no login is configured, and who sits at the machine may look on; open: whoever reaches it may do all; login: who has logged in may. */
export type Posture = "closed" | "open" | "login";

export function postureOf(options: AccessOptions): Posture {
  if (hasNamedLogin(options) || options.clientCerts === "required") return "login";
  return options.unauthenticatedApi ? "open" : "closed";
}

/** One may log in as somebody; beside that a client's certificate is a door, and no login. */
export function hasNamedLogin({ basicAuth, apiTokens, authProvider }: AccessOptions): boolean {
  return basicAuth.length > 0 || apiTokens.length > 0 || authProvider !== null;
}

export const howToOpen =
  "No login is configured: set FLOWER_BASIC_AUTH=user:password, FLOWER_API_TOKENS, FLOWER_AUTH_PROVIDER or FLOWER_CLIENT_CERTS; FLOWER_UNAUTHENTICATED_API=true lets everybody look on and change things.";
