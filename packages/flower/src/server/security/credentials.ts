/** What an `Authorization` header says: Flower's pairs of user and password, or a token of a program. */
import { ConfigError } from "@celeriac/core/runtime";
import { createTextMatch } from "./same-text.ts";

export interface Credentials {
  /** false: nobody can log in so */
  readonly hasBasic: boolean;
  readonly hasTokens: boolean;
  /** null: there are none in this header, or none of a kind that is configured; "wrong": they are nobody's */
  read(header: string | undefined): { readonly user: string; readonly by: "basic" | "token" } | "wrong" | null;
}

const shortestToken = 16;

/** Throws CONFIG_INVALID, without what came: it is a secret. */
export function createCredentials(pairs: readonly string[], tokens: readonly string[]): Credentials {
  const users = pairs.map((pair) => nameOf("basicAuth", "user:password", pair));
  const programs = tokens.map((pair) => nameOf("apiTokens", "name:token", pair));
  const tokenTexts = tokens.map((pair) => pair.slice(pair.indexOf(":") + 1));
  if (tokenTexts.some((token) => token.length < shortestToken))
    throw new ConfigError("CONFIG_INVALID", `Setting apiTokens: expected tokens of ${shortestToken} signs or more, got a shorter one`);
  const pairAt = createTextMatch(pairs);
  const tokenAt = createTextMatch(tokenTexts);
  const whose = (names: readonly string[], at: number, by: "basic" | "token") => (at < 0 ? "wrong" : { user: names[at]!, by });
  return {
    hasBasic: pairs.length > 0,
    hasTokens: tokens.length > 0,
    read(header) {
      const [, scheme = "", value = ""] = /^(\S+) +(\S+)\s*$/.exec(header ?? "") ?? [];
      if (/^basic$/i.test(scheme) && users.length > 0) return whose(users, pairAt(Buffer.from(value, "base64").toString("utf8")), "basic");
      if (/^bearer$/i.test(scheme) && programs.length > 0) return whose(programs, tokenAt(value), "token");
      return null;
    },
  };
}

function nameOf(setting: string, form: string, pair: string): string {
  const at = pair.indexOf(":");
  if (at < 1 || at === pair.length - 1)
    throw new ConfigError("CONFIG_INVALID", `Setting ${setting}: expected pairs of the form ${form}, got one that is none`);
  return pair.slice(0, at);
}
