/** One who knows the users, on loopback: OpenID Connect, and the addresses of GitHub and GitLab. Whoever comes is sent back at once, as `user`. */
import { createHash } from "node:crypto";
import fastify, { type FastifyInstance, type FastifyRequest } from "fastify";
import { exportJWK, generateKeyPair, SignJWT } from "jose";

export interface IdentityProvider extends AsyncDisposable {
  /** "http://127.0.0.1:…" */
  readonly url: string;
  /** what it says of whoever comes: claims of OpenID, or answers of the others' APIs by path */
  claims: Record<string, unknown>;
  api: Record<string, unknown>;
  /** changes the nonce of the tokens it signs */
  isReplaying: boolean;
  /** what it was asked when somebody was sent there */
  readonly asked: Record<string, string>[];
}

export const clientId = "monitor";
export const clientSecret = "client-secret";

export async function identityProvider(): Promise<IdentityProvider> {
  const server: FastifyInstance = fastify();
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const codes = new Map<string, Record<string, string>>();
  const asked: Record<string, string>[] = [];
  server.addContentTypeParser("application/x-www-form-urlencoded", { parseAs: "string" }, (_request, body, done) =>
    done(null, Object.fromEntries(new URLSearchParams(body as string))),
  );

  const authorize = async (request: FastifyRequest) => {
    const query = request.query as Record<string, string>;
    asked.push(query);
    const code = `code-${codes.size}`;
    codes.set(code, query);
    const back = new URL(query["redirect_uri"]!);
    back.search = new URLSearchParams({ code, state: query["state"]!, iss: issuerOf(request.url) }).toString();
    return back.href;
  };
  const token = async (request: FastifyRequest) => {
    const body = request.body as Record<string, string>;
    const begun = codes.get(body["code"]!);
    codes.delete(body["code"]!);
    const challenge = createHash("sha256")
      .update(body["code_verifier"] ?? "")
      .digest("base64url");
    const isRight = begun?.["code_challenge"] === challenge && begun["redirect_uri"] === body["redirect_uri"];
    if (!isRight || body["client_id"] !== clientId || body["client_secret"] !== clientSecret) return null;
    const { nonce = "" } = begun;
    const claims = { ...provider.claims, ...(nonce === "" ? {} : { nonce: provider.isReplaying ? "another" : nonce }) };
    const signed = new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: "1" }).setIssuer(url).setAudience(clientId).setSubject("7");
    const idToken = await signed.setIssuedAt().setExpirationTime("5m").sign(privateKey);
    return { access_token: "access", token_type: "bearer", expires_in: 300, ...(nonce === "" ? {} : { id_token: idToken }) };
  };
  const issuerOf = (path: string) => (path.startsWith("/login/oauth") ? `${url}/login/oauth` : url);

  server.get("/.well-known/openid-configuration", () => ({
    issuer: url,
    authorization_endpoint: `${url}/authorize`,
    token_endpoint: `${url}/token`,
    userinfo_endpoint: `${url}/userinfo`,
    jwks_uri: `${url}/jwks`,
    response_types_supported: ["code"],
    id_token_signing_alg_values_supported: ["RS256"],
  }));
  server.get("/jwks", async () => ({ keys: [{ ...(await exportJWK(publicKey)), kid: "1", alg: "RS256", use: "sig" }] }));
  server.get("/userinfo", () => ({ sub: "7", ...(provider.api["/userinfo"] as object) }));
  for (const path of ["/authorize", "/login/oauth/authorize", "/oauth/authorize"])
    server.get(path, async (request, reply) => reply.redirect(await authorize(request), 302));
  for (const path of ["/token", "/login/oauth/access_token", "/oauth/token"])
    server.post(path, async (request, reply) => (await token(request)) ?? reply.code(400).send({ error: "invalid_grant" }));
  for (const path of ["/user/emails", "/api/v4/user", "/api/v4/groups"])
    server.get(path, async (request, reply) =>
      request.headers.authorization === "Bearer access" ? (provider.api[path] ?? []) : reply.code(401).send({}),
    );
  const url = await server.listen({ port: 0, host: "127.0.0.1" });
  const provider: IdentityProvider = { url, claims: {}, api: {}, isReplaying: false, asked, [Symbol.asyncDispose]: () => server.close() };
  return provider;
}
