/**
 * Stands before every route: 1. says in headers what a browser may do with the answer; 2. turns away who asks under another machine's name; 3. finds out who
 * asks; 4. turns away pages of other sites; 5. holds what is to be changed against read-only mode, the role and the rate.
 */
import type { Clock } from "@celeriac/core/runtime";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Refusal, type RouteAccess } from "../access.ts";
import type { AccessOptions } from "../options/access.ts";
import { type Asker, mayAs } from "./asker.ts";
import { corsHeaders, crossSiteRefusal, preflightHeaders } from "./cross-site.ts";
import { isFromHere, isNameOfHere } from "./from-here.ts";
import { securityHeaders } from "./headers.ts";
import { howToOpen, type Posture } from "./posture.ts";
import { createRateWindow } from "./rate-window.ts";
import { roleFor, sendingActions } from "./rights.ts";
import { readOnlyText, type Who } from "./who.ts";

export interface GuardParts {
  readonly options: AccessOptions;
  readonly posture: Posture;
  readonly who: Who;
  /** of a page that nobody has logged in for: where to; null: there is no such place */
  readonly loginPath: string | null;
  readonly clock: Clock;
}

/** What is not there is nobody's business either. */
const unknownRoute: RouteAccess = { kind: "page", action: null, refusal: "text" };
const apiClosed = "FLOWER_UNAUTHENTICATED_API environment variable is required to enable API without authentication";
const denied = "Access denied";
const minuteMs = 60_000;

/** `server` is the root: what lies outside the prefix is guarded as well. */
export function guard(server: FastifyInstance, { options, posture, who, loginPath, clock }: GuardParts): void {
  const changes = createRateWindow(clock, options.changesPerMinute, minuteMs);
  server.decorateRequest("asker", null);
  server.addHook("onRequest", async (request, reply) => {
    reply.headers(securityHeaders).headers(corsHeaders(request.headers.origin, options.corsOrigins));
    if (reply.hasHeader("access-control-allow-origin")) reply.header("cross-origin-resource-policy", "cross-origin");
    const access = request.routeOptions.config.access ?? unknownRoute;
    if (request.method === "OPTIONS") return void reply.headers(options.corsOrigins.length > 0 ? preflightHeaders : {});
    checkHost(request);
    if (access.kind === "probe") return;
    if (access.kind === "metrics" && mayReadMetrics(request)) return;
    const asker = await known(request, reply, access);
    if (asker === null) return reply;
    request.asker = asker;
    if (isChange(request) || access.isStream === true) checkSite(request, asker);
    if (isChange(request) && access.action !== null) checkChange(request, reply, access.action, asker);
  });

  /** Where a login is configured another name gains nothing: its pages are sent no credentials. */
  function checkHost(request: FastifyRequest): void {
    if (posture === "login" || !isFromHere(request.raw) || isNameOfHere(request.headers.host, options.allowedHosts)) return;
    throw new Refusal(403, "The monitor was asked under a name that is not this machine's: set FLOWER_ALLOWED_HOSTS, or a login");
  }

  function mayReadMetrics(request: FastifyRequest): boolean {
    if (options.metricsAuth === "none" || who.hasMetricsToken(request)) return true;
    return options.metricsAuth === "auto" && posture === "open" && options.metricsToken === null;
  }

  /** null: it was answered. */
  async function known(request: FastifyRequest, reply: FastifyReply, access: RouteAccess): Promise<Asker | null> {
    const wait = who.waitSeconds(request);
    if (wait > 0) throw tooMuch(reply, wait, "Too many failed logins from this address: wait a minute");
    const asker = await who.ask(request);
    if (asker !== null && asker !== "wrong") return checked(request, access, asker);
    if (posture === "closed") throw new Refusal(access.kind === "api" ? 401 : 403, access.kind === "api" ? apiClosed : howToOpen);
    const isPage = access.kind === "page" && access.refusal === "text";
    if (isPage && asker === null && loginPath !== null && !isChange(request)) {
      reply.redirect(`${loginPath}?next=${encodeURIComponent(request.url)}`, 302);
      return null;
    }
    if (isPage && options.basicAuth.length > 0) reply.header("www-authenticate", 'Basic realm="flower"');
    throw new Refusal(401, denied);
  }

  function checked(request: FastifyRequest, access: RouteAccess, asker: Asker): Asker {
    if (posture === "closed" && access.kind === "api") throw new Refusal(401, apiClosed);
    if (posture === "closed" && isChange(request) && access.action !== null) throw new Refusal(401, howToOpen);
    const needsLogin = options.metricsAuth === "login" || options.metricsToken !== null;
    if (access.kind === "metrics" && needsLogin && asker.by === "nobody") throw new Refusal(401, denied);
    return asker;
  }

  function checkSite(request: FastifyRequest, asker: Asker): void {
    const refusal = crossSiteRefusal(request.headers, request.host, options.corsOrigins);
    if (refusal !== null) throw new Refusal(403, refusal);
    if (asker.by === "session" && isChange(request) && request.headers["x-requested-with"] === undefined)
      throw new Refusal(403, "A change by who has logged in through a page needs the header X-Requested-With");
  }

  function checkChange(request: FastifyRequest, reply: FastifyReply, action: NonNullable<RouteAccess["action"]>, asker: Asker): void {
    const needed = roleFor[action];
    if (needed === null) return;
    if (options.readOnly) throw new Refusal(403, readOnlyText);
    if (!mayAs(asker.role, needed)) throw new Refusal(403, `This needs the role ${needed}; yours is ${asker.role}`);
    if (sendingActions.has(action)) return;
    const whose = asker.user ?? request.ip;
    const waitMs = changes.waitMs(whose);
    if (waitMs > 0) throw tooMuch(reply, Math.ceil(waitMs / 1000), `More than ${options.changesPerMinute} changes in a minute: wait`);
    changes.count(whose);
  }
}

function tooMuch(reply: FastifyReply, waitSeconds: number, text: string): Refusal {
  reply.header("retry-after", String(waitSeconds));
  return new Refusal(429, text);
}

export function isChange({ method }: FastifyRequest): boolean {
  return method !== "GET" && method !== "HEAD" && method !== "OPTIONS";
}
