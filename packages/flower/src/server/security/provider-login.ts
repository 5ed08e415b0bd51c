/** A login through a provider, there and back: state, PKCE and, with OpenID, a nonce tie the way back to the browser that went. */
import { reasonOf } from "@celeriac/core/runtime";
import type { Configuration } from "openid-client";
import { Refusal } from "../access.ts";
import type { Provider } from "./providers.ts";

/** What the browser keeps, sealed, while its user is at the provider. */
export interface Departure {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly redirectUri: string;
  readonly next: string;
}

export interface ProviderLogin {
  /** Throws Refusal 502. */
  depart(redirectUri: string, next: string): Promise<{ readonly url: string; readonly departure: Departure }>;
  /** `query`: what the provider sent back, with its ?. Gives the addresses it vouches for. Throws Refusal 403, 502. */
  arrive(query: string, departure: Departure): Promise<readonly string[]>;
}

const answerLimitSeconds = 10;

export function createProviderLogin(provider: Provider, clientId: string, clientSecret: string | null): ProviderLogin {
  let found: Promise<Configuration> | null = null;
  // Few monitors have a provider: none pays for the library at its start.
  const library = () => import("openid-client");
  const isOpenId = !("authorize" in provider.server);

  async function configuration(): Promise<Configuration> {
    found ??= find();
    try {
      return await found;
    } catch (cause) {
      // It may answer the next time.
      found = null;
      throw new Refusal(502, `${provider.title} cannot be reached to log in: ${reasonOf(cause)}`);
    }
  }

  async function find(): Promise<Configuration> {
    const { allowInsecureRequests, ClientSecretPost, Configuration, discovery, None } = await library();
    const { server } = provider;
    const known = clientSecret === null ? None() : ClientSecretPost(clientSecret);
    const plain = isOnThisMachine(server.issuer) ? [allowInsecureRequests] : [];
    if (!("authorize" in server))
      return await discovery(new URL(server.issuer), clientId, undefined, known, { execute: plain, timeout: answerLimitSeconds });
    const metadata = { issuer: server.issuer, authorization_endpoint: server.authorize, token_endpoint: server.token };
    const made = new Configuration(metadata, clientId, undefined, known);
    made.timeout = answerLimitSeconds;
    for (const allow of plain) allow(made);
    return made;
  }

  return {
    async depart(redirectUri, next) {
      const { buildAuthorizationUrl, calculatePKCECodeChallenge, randomNonce, randomPKCECodeVerifier, randomState } = await library();
      const departure = { state: randomState(), nonce: randomNonce(), verifier: randomPKCECodeVerifier(), redirectUri, next };
      const url = buildAuthorizationUrl(await configuration(), {
        redirect_uri: redirectUri,
        scope: provider.scope,
        state: departure.state,
        code_challenge: await calculatePKCECodeChallenge(departure.verifier),
        code_challenge_method: "S256",
        ...(isOpenId ? { nonce: departure.nonce } : {}),
      });
      return { url: url.href, departure };
    },
    async arrive(query, { state, nonce, verifier, redirectUri }) {
      const openid = await library();
      const known = await configuration();
      try {
        const tokens = await openid.authorizationCodeGrant(known, new URL(query, redirectUri), {
          expectedState: state,
          pkceCodeVerifier: verifier,
          ...(isOpenId ? { expectedNonce: nonce, idTokenExpected: true } : {}),
        });
        return await provider.emails(openid, known, tokens);
      } catch (cause) {
        throw new Refusal(403, `${provider.title} did not confirm the login: ${reasonOf(cause)}`);
      }
    },
  };
}

/** A provider in a test, or beside the monitor, may do without TLS. */
function isOnThisMachine(issuer: string): boolean {
  const { protocol, hostname } = new URL(issuer);
  return protocol === "http:" && /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}
