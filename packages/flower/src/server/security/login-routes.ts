/** /login, there and back, and /logout. */
import type { Logger } from "@celeriac/core/runtime";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Refusal, type RouteAccess } from "../access.ts";
import { localPath } from "./local-path.ts";
import type { Departure, ProviderLogin } from "./provider-login.ts";
import type { Keepsake } from "./session.ts";

export interface LoginParts {
  /** null: nobody logs in through a provider */
  readonly provider: ProviderLogin | null;
  /** somebody has a password, which the guard asks for */
  readonly hasPasswords: boolean;
  readonly departures: Keepsake;
  readonly sessions: Keepsake;
  readonly isAllowed: (email: string) => boolean;
  readonly redirectUri: string | null;
  /** "" or "/flower" */
  readonly prefix: string;
  readonly logger: Logger;
}

/** `server` stands below the prefix. */
export function loginRoutes(server: FastifyInstance, parts: LoginParts): void {
  const { provider, hasPasswords, departures, sessions, isAllowed, prefix, logger } = parts;
  const home = `${prefix}/`;
  // Where a password is all that there is, whoever comes here has been asked for it.
  const access: RouteAccess = { kind: provider === null && hasPasswords ? "page" : "probe", action: null, refusal: "text" };

  server.get("/login", { config: { access } }, async (request, reply) => {
    const query = request.query as Readonly<Record<string, unknown>>;
    if (provider === null) {
      if (!hasPasswords) throw new Refusal(404, "Not Found");
      return reply.redirect(localPath(query["next"], home), 302);
    }
    if (query["code"] === undefined && query["error"] === undefined) {
      const { url, departure } = await provider.depart(redirectUriOf(request), localPath(query["next"], home));
      await departures.keep(request, reply, departure);
      return reply.redirect(url, 302);
    }
    const departure = (await departures.read(request)) as Departure | null;
    departures.forget(request, reply);
    if (departure === null) throw new Refusal(403, "This login was begun elsewhere, or too long ago: begin again");
    const emails = await provider.arrive(request.url.slice(request.url.indexOf("?")), departure);
    const user = emails.find(isAllowed)?.toLowerCase();
    if (user === undefined) {
      logger.warn("login-refused", { emails, address: request.ip });
      throw new Refusal(
        403,
        `${emails[0] ?? "This account, which has no verified e-mail address,"} may not log in here: auth does not name it`,
      );
    }
    await sessions.keep(request, reply, { user });
    logger.info("login", { user, address: request.ip });
    return reply.redirect(localPath(departure.next, home), 302);
  });

  server.post("/logout", { config: { access: { kind: "page", action: "logout", refusal: "json" } } }, async (request, reply) => {
    sessions.forget(request, reply);
    return reply.code(204).send();
  });

  function redirectUriOf(request: FastifyRequest): string {
    // As it is written for the second question, of the token: ports that go without saying are left out.
    return new URL(parts.redirectUri ?? `${request.protocol}://${request.host}${prefix}/login`).href;
  }
}
