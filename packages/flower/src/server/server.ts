/** The HTTP server: what all routes have in common – prefix, bodies, forms of refusal, ETags – and whoever guards them. */
import { createHash } from "node:crypto";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { tlsOf } from "./listening.ts";
import type { MonitorParts } from "./parts.ts";
import { refusing } from "./refusals.ts";

const mostBodyBytes = 1_048_576;
/** Ids and names of tasks and workers are people's own. */
const longestParameter = 4_096;

/** `groups` come below the prefix, in their order, and are given the parts. */
export function createServer<P extends Pick<MonitorParts, "options" | "logger" | "security">>(
  parts: P,
  groups: readonly ((server: FastifyInstance, parts: P) => void)[],
): FastifyInstance {
  const { options, logger, security } = parts;
  const tls = tlsOf(options);
  const server = fastify({
    ...(tls === null ? {} : { https: tls }),
    bodyLimit: mostBodyBytes,
    trustProxy: options.xheaders,
    routerOptions: { maxParamLength: longestParameter },
    // A page that is open must not hold up the end.
    forceCloseConnections: true,
  }) as unknown as FastifyInstance;
  // Flower's clients send JSON under any content type, curl's default above all: `request-body.ts` reads it.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  server.setErrorHandler(refusing(logger));
  server.setNotFoundHandler({}, (_request, reply) => notFound(reply));
  if (options.xheaders) server.addHook("onRequest", believeProxy);
  security.guard(server);
  server.addHook("onRoute", ({ config, method, url }) => {
    if (config?.access === undefined) throw new Error(`route ${String(method)} ${url} does not say whom it is for`);
  });
  server.addHook("onSend", tagged);
  server.register(
    async (below) => {
      security.routes(below);
      for (const routes of groups) routes(below, parts);
      // Flower answers so, whatever is asked for.
      below.options("/*", { config: { access: { kind: "probe", action: null, refusal: "text" } } }, (_request, reply) =>
        reply.code(204).send(),
      );
    },
    { prefix: options.urlPrefix === "" ? "" : `/${options.urlPrefix}` },
  );
  return server;
}

/** JSON as Tornado writes it: it may be put into a page. */
export function sendJson(reply: FastifyReply, value: unknown): FastifyReply {
  return sendJsonText(reply, JSON.stringify(value));
}

/** Of a text that is JSON already. */
export function sendJsonText(reply: FastifyReply, json: string): FastifyReply {
  return reply.header("content-type", "application/json; charset=UTF-8").send(json.replaceAll("</", "<\\/"));
}

function notFound(reply: FastifyReply): void {
  reply.code(404).header("content-type", "text/html; charset=UTF-8").send("Not Found");
}

/** Names that Tornado knows, for those that Fastify does. */
function believeProxy({ headers }: FastifyRequest, _reply: FastifyReply, done: () => void): void {
  headers["x-forwarded-for"] ??= headers["x-real-ip"];
  headers["x-forwarded-proto"] ??= headers["x-scheme"];
  done();
}

/** What has not changed since a client asked for it is not sent again. */
async function tagged(request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
  const isJson = String(reply.getHeader("content-type")).startsWith("application/json");
  if (request.method !== "GET" || reply.statusCode !== 200 || !isJson || typeof payload !== "string") return payload;
  const tag = `"${createHash("sha1").update(payload).digest("hex")}"`;
  reply.header("etag", tag);
  const known = String(request.headers["if-none-match"] ?? "").split(",");
  if (!known.some((each) => each.trim().replace(/^W\//, "") === tag)) return payload;
  reply.code(304).removeHeader("content-type");
  return "";
}
