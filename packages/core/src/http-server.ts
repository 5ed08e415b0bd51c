/** The small HTTP server of a process that runs long: answers GET and HEAD on a few paths, and holds up nothing when it is closed. */
import type { ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { CeleriacError, reasonOf } from "./errors.ts";
import { type ListenAddress, listenPlace } from "./listen-address.ts";

export interface Answer {
  readonly status: 200 | 404 | 405 | 500 | 503;
  readonly type: string;
  readonly body: string;
}

/** path → what it answers */
export type Routes = Readonly<Record<string, () => Answer | Promise<Answer>>>;

export interface HttpServer {
  /** where it listens, e.g. "http://127.0.0.1:9100" */
  readonly url: string;
  /** Ends at once, whoever is connected. Safe to call twice. */
  close(): Promise<void>;
}

/** Nobody who probes needs more; what is beyond waits for nothing. */
const mostConnections = 64;
const requestLimitMs = 5_000;

export function answerJson(status: Answer["status"], value: unknown): Answer {
  return { status, type: "application/json", body: `${JSON.stringify(value)}\n` };
}

/** `who`: whose it is, in an error: "worker". Throws WORKER_HTTP when nothing can listen there. */
export async function openHttpServer(who: string, address: ListenAddress, routes: Routes): Promise<HttpServer> {
  // Most processes serve none.
  const { createServer } = await import("node:http");
  const place = listenPlace(address)!;
  const server = createServer({ requestTimeout: requestLimitMs, headersTimeout: requestLimitMs }, (request, response) => {
    const path = new URL(request.url ?? "/", "http://probed").pathname;
    answer(routes, request.method ?? "GET", path).then(
      (given) => send(response, given, request.method === "HEAD"),
      (error: unknown) => send(response, answerJson(500, { error: reasonOf(error) }), false),
    );
  });
  server.maxConnections = mostConnections;
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(place, resolve);
    });
  } catch (cause) {
    throw new CeleriacError("WORKER_HTTP", `The ${who}'s probes cannot be served on ${address}: ${whyNot(cause)}`, { cause });
  }
  server.on("error", () => {});
  return {
    url: urlOf(server.address() as AddressInfo),
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(routes: Routes, method: string, path: string): Promise<Answer> {
  if (method !== "GET" && method !== "HEAD") return answerJson(405, { error: `${method} is not served, only GET` });
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  return route === undefined ? answerJson(404, { error: `nothing at ${path}`, paths: Object.keys(routes) }) : await route();
}

function send(response: ServerResponse, { status, type, body }: Answer, headOnly: boolean): void {
  const headers = { "content-type": type, "content-length": Buffer.byteLength(body), "cache-control": "no-store" };
  response.writeHead(status, status === 405 ? { ...headers, allow: "GET, HEAD" } : headers);
  response.end(headOnly ? undefined : body);
}

function whyNot(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") return "another process, or worker, listens there";
  if (code === "EACCES") return "this user may not listen on that port";
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND") return "this machine has no such address";
  return reasonOf(error);
}

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}
