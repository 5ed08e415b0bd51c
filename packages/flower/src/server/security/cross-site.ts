/** Pages of others may not have a browser change anything here, nor read along: told by what browsers say of where a request comes from. */
import type { IncomingHttpHeaders } from "node:http";

/**
 * A sentence when another site sent it; null: this one, a listed one, or no browser (those say neither Origin nor Sec-Fetch-Site).
 * `host`: what was asked. `origins`: whose pages may (`corsOrigins`; "*" is nobody's here).
 */
export function crossSiteRefusal(headers: IncomingHttpHeaders, host: string, origins: readonly string[]): string | null {
  const { origin } = headers;
  if (origin !== undefined && origins.includes(origin)) return null;
  const site = headers["sec-fetch-site"];
  const refusal = "This came from a page of another site, which may not use the monitor";
  // No page can say it for itself, and it holds behind a proxy that asks under another name as well.
  if (site !== undefined) return site === "same-origin" || site === "none" ? null : refusal;
  return origin !== undefined && hostOf(origin) !== host.toLowerCase() ? refusal : null;
}

/** null for "null", as sandboxed pages have it, and for what is no URL */
function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}

/** What a browser is told about who may read an answer; none of it unless a listed origin asks. */
export function corsHeaders(origin: string | undefined, origins: readonly string[]): Readonly<Record<string, string>> {
  if (origin === undefined || origins.length === 0) return {};
  if (origins.includes(origin))
    return { "access-control-allow-origin": origin, "access-control-allow-credentials": "true", vary: "Origin" };
  return origins.includes("*") ? { "access-control-allow-origin": "*", vary: "Origin" } : { vary: "Origin" };
}

/** Of a browser's question before it sends something unusual. */
export const preflightHeaders: Readonly<Record<string, string>> = {
  "access-control-allow-methods": "GET, POST",
  "access-control-allow-headers": "authorization, content-type, x-requested-with",
  "access-control-max-age": "600",
};
