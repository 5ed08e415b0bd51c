/** Finds out who asks: by password, token, session or certificate, or by where from, where nobody can log in. */
import type { Clock } from "@celeriac/core/runtime";
import type { FastifyRequest } from "fastify";
import type { AccessOptions } from "../options/access.ts";
import type { Asker } from "./asker.ts";
import { certificateName } from "./client-certificate.ts";
import { createCredentials } from "./credentials.ts";
import { isFromHere } from "./from-here.ts";
import { hasNamedLogin, howToOpen, type Posture } from "./posture.ts";
import { createRateWindow } from "./rate-window.ts";
import { readRoles } from "./roles.ts";
import { createTextMatch } from "./same-text.ts";
import type { Keepsake } from "./session.ts";

export interface Who {
  /** "wrong": with a password or token that is nobody's; null: with none. */
  ask(request: FastifyRequest): Promise<Asker | "wrong" | null>;
  /** with the one token that reads metrics */
  hasMetricsToken(request: FastifyRequest): boolean;
  /** Of one who comes with a password or token and was wrong too often: seconds to wait before it may be looked at, for the right one must not show; else 0. */
  waitSeconds(request: FastifyRequest): number;
}

const mostFailures = 10;
const minuteMs = 60_000;
export const readOnlyText = "Read only mode is enabled";

export function createWho(
  options: AccessOptions,
  { posture, sessions, isAllowed, clock }: { posture: Posture; sessions: Keepsake; isAllowed: (email: string) => boolean; clock: Clock },
): Who {
  const credentials = createCredentials(options.basicAuth, options.apiTokens);
  const roleOf = readRoles(options.roles);
  const isMetricsToken = createTextMatch(options.metricsToken === null ? [] : [options.metricsToken]);
  const failures = createRateWindow(clock, mostFailures, minuteMs);
  const known = (user: string, by: Asker["by"]): Asker => {
    const role = roleOf(user);
    const readOnly = options.readOnly
      ? readOnlyText
      : role === "viewer"
        ? "You may look on, and change nothing: your role is viewer"
        : null;
    return { user, role, by, readOnly };
  };
  const nobody: Record<"closed" | "open", Asker> = {
    closed: { user: null, role: "viewer", by: "nobody", readOnly: howToOpen },
    open: { user: null, role: "admin", by: "nobody", readOnly: options.readOnly ? readOnlyText : null },
  };
  const isByCertificate = !hasNamedLogin(options);
  return {
    async ask(request) {
      if (posture === "open") return nobody.open;
      if (posture === "closed") return isFromHere(request.raw) ? nobody.closed : null;
      if (isByCertificate) {
        const name = certificateName(request.raw.socket);
        return name === null ? null : known(name, "certificate");
      }
      const found = credentials.read(request.headers.authorization);
      if (found === "wrong") failures.count(request.ip);
      if (found === "wrong") return "wrong";
      if (found !== null) return known(found.user, found.by);
      const session = await sessions.read(request);
      const user = session?.["user"];
      // The list may have changed since.
      return typeof user === "string" && isAllowed(user) ? known(user, "session") : null;
    },
    hasMetricsToken(request) {
      const [, token] = /^bearer +(\S+)\s*$/i.exec(request.headers.authorization ?? "") ?? [];
      return token !== undefined && isMetricsToken(token) >= 0;
    },
    waitSeconds({ headers, ip }) {
      return posture === "login" && headers.authorization !== undefined ? Math.ceil(failures.waitMs(ip) / 1000) : 0;
    },
  };
}
