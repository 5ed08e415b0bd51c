/** Who knows the users, by the names of Flower's classes or shorter ones: where each is asked, for what, and which e-mail addresses it vouches for. */
import { ConfigError } from "@celeriac/core/runtime";
import type { Configuration, TokenEndpointResponse, TokenEndpointResponseHelpers } from "openid-client";
import type { AccessOptions } from "../options/access.ts";

export type Tokens = TokenEndpointResponse & TokenEndpointResponseHelpers;
type Library = typeof import("openid-client");

export interface Provider {
  /** "GitHub" */
  readonly title: string;
  /** Where it describes itself, or, of one that does not, its two addresses. */
  readonly server: { readonly issuer: string } | { readonly issuer: string; readonly authorize: string; readonly token: string };
  readonly scope: string;
  /** Addresses that it has verified; empty where the user has none, or may not come in for another reason. */
  emails(library: Library, configuration: Configuration, tokens: Tokens): Promise<readonly string[]>;
}

const flowerClass = /(?:^|\.)(google|github|gitlab|okta)(?:auth2)?loginhandler$/;

/** null: nobody logs in through one. Throws CONFIG_INVALID. */
export function providerOf(options: AccessOptions): Provider | null {
  const { authProvider, auth, oauth2Key } = options;
  if (authProvider === null && auth === null) return null;
  if (authProvider === null || auth === null || oauth2Key === null)
    throw invalid("auth, authProvider and oauth2Key are given together: who may log in, through whom, and as which client of theirs");
  const name = authProvider.toLowerCase();
  switch (flowerClass.exec(name)?.[1] ?? name) {
    case "google":
      return openId("Google", "https://accounts.google.com");
    case "okta":
      // Of an organisation's own server the base is /oauth2 and the issuer the host.
      return openId("Okta", needed("oauth2OktaBaseUrl", options.oauth2OktaBaseUrl).replace(/\/oauth2\/?$/, ""));
    case "oidc":
      return openId("your organisation", needed("oidcIssuer", options.oidcIssuer));
    case "github":
      return github(options.githubOauthDomain ?? "github.com");
    case "gitlab":
      return gitlab(options.gitlabOauthDomain ?? "gitlab.com", options.gitlabAuthAllowedGroups, options.gitlabMinAccessLevel);
    default:
      throw invalid(`Setting authProvider: expected google, github, gitlab, okta or oidc, got ${JSON.stringify(authProvider)}`);
  }
}

function needed(name: string, value: string | null): string {
  if (value === null || !URL.canParse(value))
    throw invalid(`Setting ${name}: expected the address of the issuer, got ${JSON.stringify(value)}`);
  return value;
}

function invalid(message: string): ConfigError {
  return new ConfigError("CONFIG_INVALID", message);
}

function openId(title: string, issuer: string): Provider {
  return {
    title,
    server: { issuer },
    scope: "openid email",
    async emails(library, configuration, tokens) {
      const claims = tokens.claims();
      if (claims === undefined) return [];
      const known =
        typeof claims["email"] === "string" ? claims : await library.fetchUserInfo(configuration, tokens.access_token, claims.sub);
      const { email, email_verified: isVerified } = known as { readonly email?: unknown; readonly email_verified?: unknown };
      return typeof email === "string" && isVerified === true ? [email] : [];
    },
  };
}

/** OAuth 2, no OpenID: a user has several addresses. */
export function github(domain: string, at = `https://${domain}`, api = `https://api.${domain}`): Provider {
  return {
    title: "GitHub",
    server: { issuer: `${at}/login/oauth`, authorize: `${at}/login/oauth/authorize`, token: `${at}/login/oauth/access_token` },
    scope: "user:email",
    async emails(library, configuration, tokens) {
      const emails = await ask(library, configuration, tokens, `${api}/user/emails`);
      if (!Array.isArray(emails)) return [];
      return emails.filter((each) => each?.verified === true && typeof each.email === "string").map((each) => String(each.email));
    },
  };
}

/** As Flower asks it: with the one right that its clients were registered with. */
export function gitlab(domain: string, groups: readonly string[], leastLevel: number, at = `https://${domain}`): Provider {
  return {
    title: "GitLab",
    server: { issuer: at, authorize: `${at}/oauth/authorize`, token: `${at}/oauth/token` },
    scope: "read_api",
    async emails(library, configuration, tokens) {
      const user = (await ask(library, configuration, tokens, `${at}/api/v4/user`)) as {
        readonly email?: unknown;
        readonly confirmed_at?: unknown;
      };
      if (typeof user.email !== "string" || typeof user.confirmed_at !== "string") return [];
      if (groups.length > 0 && !(await isInGroup(library, configuration, tokens))) return [];
      return [user.email];
    },
  };

  async function isInGroup(library: Library, configuration: Configuration, tokens: Tokens): Promise<boolean> {
    for (let page = 1; page <= mostPages; page++) {
      const query = `min_access_level=${leastLevel}&per_page=100&page=${page}`;
      const found = await ask(library, configuration, tokens, `${at}/api/v4/groups?${query}`);
      if (!Array.isArray(found) || found.length === 0) return false;
      if (found.some((group) => groups.includes(String(group?.full_path)))) return true;
      if (found.length < 100) return false;
    }
    return false;
  }
}

const mostPages = 20;

async function ask(library: Library, configuration: Configuration, tokens: Tokens, url: string): Promise<unknown> {
  const headers = new Headers({ accept: "application/json", "user-agent": "celeriac" });
  const answer = await library.fetchProtectedResource(configuration, tokens.access_token, new URL(url), "GET", undefined, headers);
  if (!answer.ok) throw new Error(`${new URL(url).host} answered ${answer.status}`);
  return await answer.json();
}
