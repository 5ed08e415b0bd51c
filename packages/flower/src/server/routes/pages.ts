/** The built pages: one document for all of them, told the prefix they stand below, and its files, whose names change with what is in them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply } from "fastify";
import { Refusal, type RouteAccess } from "../access.ts";
import type { MonitorParts } from "../parts.ts";
import { escaped } from "../refusals.ts";

/** From the sources as from what is built it is the same way. */
const built = fileURLToPath(new URL("../../../dist/web", import.meta.url));

/** Addresses that the router of the pages knows (`src/web/app.tsx`). That of the workers gives Flower's clients JSON as well: see `flower/lists.ts`. */
const documents = ["/", "/tasks", "/task/*", "/worker/*", "/workers", "/dags", "/dag/*"];

const page: RouteAccess = { kind: "page", action: null, refusal: "text" };
/** The page that asks for a login needs them; nothing of the monitor's data is in them. */
const asset: RouteAccess = { kind: "probe", action: null, refusal: "text" };

const keptFor = "365d";

export function pageRoutes(server: FastifyInstance, { options }: Pick<MonitorParts, "options">): void {
  const prefix = options.urlPrefix === "" ? "" : `/${options.urlPrefix}`;
  const document = readDocument(prefix);
  server.register(fastifyStatic, { root: join(built, "assets"), serve: false, preCompressed: true });
  for (const url of documents) server.get(url, { config: { access: page } }, (_request, reply) => sendDocument(reply, document));
  // Bookmarks of Flower's; the queues stand on the overview.
  server.get("/dashboard", { config: { access: page } }, (_request, reply) => reply.redirect(`${prefix}/workers`));
  server.get("/broker", { config: { access: page } }, (_request, reply) => reply.redirect(`${prefix}/`));
  server.get<{ Params: { readonly file: string } }>("/assets/:file", { config: { access: asset } }, ({ params }, reply) =>
    reply.sendFile(params.file, { maxAge: keptFor, immutable: true }),
  );
}

function sendDocument(reply: FastifyReply, document: string | null): FastifyReply {
  if (document === null) throw new Refusal(503, "The pages are not built: run `npm run build`.");
  return reply.header("content-type", "text/html; charset=UTF-8").send(document);
}

/** null: the pages are not built. */
function readDocument(prefix: string): string | null {
  let text: string;
  try {
    text = readFileSync(join(built, "index.html"), "utf8");
  } catch {
    return null;
  }
  const place = escaped(prefix).replaceAll('"', "&quot;");
  return text
    .replaceAll('"./assets/', () => `"${place}/assets/`)
    .replace('<meta name="celeriac-prefix" content=""', () => `<meta name="celeriac-prefix" content="${place}"`);
}
