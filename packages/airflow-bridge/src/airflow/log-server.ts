/** Serves the log files of tasks to Airflow's web server while they lie on this machine: as `airflow serve-logs` does beside a worker, by the same tokens. */
import { createReadStream } from "node:fs";
import { open, realpath } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join, sep } from "node:path";
import { CeleriacError, type Clock, type ListenAddress, type Logger, listenPlace, reasonOf } from "@celeriac/core/runtime";

export interface LogServerOptions {
  /** `[logging] base_log_folder` */
  readonly folder: string;
  /** keys a token may be signed with: `[webserver] secret_key` of Airflow 2, `[api] secret_key` of Airflow 3 */
  readonly secretKeys: readonly string[];
  /** how far the web server's clock may be off, in ms: `[webserver] log_request_clock_grace` */
  readonly clockGraceMs: number;
  /** `[logging] worker_log_server_port`, on every address of this machine */
  readonly address: ListenAddress;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface LogServer {
  readonly port: number;
  /** Ends at once, whoever reads. Safe to call twice. */
  close(): Promise<void>;
}

const audience = "task-instance-logs";
const prefix = "/log/";

/** Why a request is refused: the answer tells nothing of it, the log does. */
class Refusal extends Error {}

/** Throws AIRFLOW_LOG_SERVER when nothing can listen there. */
export async function openLogServer(options: LogServerOptions): Promise<LogServer> {
  const { address, logger } = options;
  const server = createServer((request, response) => {
    serve(options, request, response).catch((error: unknown) => {
      const isRefusal = error instanceof Refusal;
      logger.warn(isRefusal ? "A request for a log was refused" : "A log could not be served", { reason: reasonOf(error) });
      if (response.headersSent) response.destroy();
      else answer(response, isRefusal ? 403 : 500);
    });
  });
  try {
    await listen(server, address);
  } catch (cause) {
    throw new CeleriacError("AIRFLOW_LOG_SERVER", `Logs cannot be served on ${address}: ${reasonOf(cause)}`, { cause });
  }
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function listen(server: Server, address: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(listenPlace(address), () => {
      server.off("error", reject);
      server.on("error", () => {});
      resolve();
    });
  });
}

async function serve(options: LogServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== "GET" && request.method !== "HEAD") return answer(response, 405);
  const filename = filenameIn(request.url ?? "");
  if (filename === null) return answer(response, 404);
  await admit(options, request.headers.authorization, filename);
  const path = await pathOf(options.folder, filename);
  const file = path === null ? null : await open(path, "r");
  const stats = await file?.stat();
  if (file === null || stats?.isFile() !== true) {
    await file?.close();
    return answer(response, 404);
  }
  // It may be written to meanwhile: what is there now is served.
  response.writeHead(200, { "content-type": "text/plain; charset=utf-8", "content-length": stats.size, "cache-control": "no-store" });
  await file.close();
  if (request.method === "HEAD" || stats.size === 0) return void response.end();
  await new Promise<void>((resolve, reject) => {
    const content = createReadStream(path!, { end: stats.size - 1 });
    content.once("error", reject);
    response.once("close", () => {
      content.destroy();
      resolve();
    });
    content.pipe(response);
  });
}

/** As it stands in the address, and decoded: dots in it are not followed here. null: it is none of ours. */
function filenameIn(url: string): string | null {
  const path = url.split("?", 1)[0]!;
  if (!path.startsWith(prefix)) return null;
  try {
    return decodeURIComponent(path.slice(prefix.length));
  } catch {
    return null;
  }
}

/** Throws a Refusal unless the token is Airflow's, of now, and for this file. */
async function admit({ secretKeys, clockGraceMs, clock }: LogServerOptions, token: string | undefined, filename: string): Promise<void> {
  if (token === undefined) throw new Refusal("no token in the header Authorization");
  // Who takes something else from this door does not pay for it.
  const { errors, jwtVerify } = await import("jose");
  let why = "no secret key is configured: [api] secret_key of Airflow 3, [webserver] secret_key of Airflow 2";
  for (const key of secretKeys) {
    try {
      const { payload } = await jwtVerify(token, new TextEncoder().encode(key), {
        algorithms: ["HS512"],
        audience,
        clockTolerance: clockGraceMs / 1_000,
        currentDate: new Date(clock.now()),
        requiredClaims: ["exp", "iat", "nbf", "filename"],
      });
      if (payload.iat! * 1_000 > clock.now() + clockGraceMs) throw new Refusal("the token is from the future: compare the clocks");
      if (payload["filename"] !== filename) throw new Refusal(`the token is for another file than ${JSON.stringify(filename)}`);
      return;
    } catch (error) {
      if (error instanceof Refusal) throw error;
      why = reasonOf(error);
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) break;
      why = "the token was signed with another secret key than this worker has";
    }
  }
  throw new Refusal(why);
}

/** null: there is none. Throws a Refusal for one outside of the folder, also behind links. */
async function pathOf(folder: string, filename: string): Promise<string | null> {
  try {
    const root = await realpath(folder);
    const path = await realpath(join(root, filename));
    if (!path.startsWith(root + sep)) throw new Refusal(`${JSON.stringify(filename)} lies outside of the folder of logs`);
    return path;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw error;
  }
}

function answer(response: ServerResponse, status: 403 | 404 | 405 | 500): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" });
  response.end();
}
