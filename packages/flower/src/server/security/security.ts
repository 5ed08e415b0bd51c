/** Who may use the monitor, and how: puts the guard before every route of a server, the audit behind it, and adds /login and /logout. */
import type { Clock, Logger } from "@celeriac/core/runtime";
import type { FastifyInstance } from "fastify";
import { isPostgresUrl } from "../history/db-place.ts";
import type { AuditEntry } from "../history/history.ts";
import type { ResolvedMonitorOptions } from "../options.ts";
import { audit } from "./audit.ts";
import { readEmailPattern } from "./email-pattern.ts";
import { guard } from "./guard.ts";
import { loginRoutes } from "./login-routes.ts";
import { type Posture, postureOf } from "./posture.ts";
import { createProviderLogin } from "./provider-login.ts";
import { type Provider, providerOf } from "./providers.ts";
import { createRedactor } from "./redaction.ts";
import { createSeal } from "./seal.ts";
import { openServerSecret } from "./server-secret.ts";
import { createKeepsake, departureLifeMs, sessionLifeMs } from "./session.ts";
import { createWho } from "./who.ts";

export interface SecurityParts {
  readonly options: ResolvedMonitorOptions;
  readonly note: (entry: AuditEntry) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Security {
  readonly posture: Posture;
  /** where people may log in, for a page that tells them */
  readonly logins: readonly { readonly title: string; readonly href: string }[];
  /** To be called on the root of a server before it has routes. */
  guard(server: FastifyInstance): void;
  /** /login and /logout, below the prefix */
  routes(server: FastifyInstance): void;
}

/** Beside the file of the history; null: there is none. */
function secretPath({ persistent, db }: Pick<ResolvedMonitorOptions, "persistent" | "db">): string | null {
  return persistent === false || isPostgresUrl(db) ? null : `${db}.secret`;
}

/** `provider`: in place of the one that the options name. Throws CONFIG_INVALID, CONFIG_FILE. */
export function createSecurity(parts: SecurityParts, provider: Provider | null = providerOf(parts.options)): Security {
  const { options, note, clock, logger } = parts;
  const prefix = options.urlPrefix === "" ? "" : `/${options.urlPrefix}`;
  const posture = postureOf(options);
  const isAllowed = options.auth === null ? () => false : readEmailPattern(options.auth);
  const seal = createSeal(openServerSecret(options.cookieSecret, provider === null ? null : secretPath(options)), clock);
  const sessions = createKeepsake(seal, "session", sessionLifeMs);
  const departures = createKeepsake(seal, "login", departureLifeMs);
  const who = createWho(options, { posture, sessions, isAllowed, clock });
  const loginPath = provider === null ? null : `${prefix}/login`;
  return {
    posture,
    logins: loginPath === null ? [] : [{ title: `Log in with ${provider!.title}`, href: loginPath }],
    guard(server) {
      guard(server, { options, posture, who, loginPath, clock });
      audit(server, { note, redactor: createRedactor(options.redact), clock, logger });
    },
    routes(server) {
      const login = provider === null ? null : createProviderLogin(provider, options.oauth2Key ?? "", options.oauth2Secret);
      const { oauth2RedirectUri: redirectUri } = options;
      const hasPasswords = options.basicAuth.length > 0;
      loginRoutes(server, { provider: login, hasPasswords, departures, sessions, isAllowed, redirectUri, prefix, logger });
    },
  };
}
