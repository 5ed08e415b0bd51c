/** Where the server listens: a port, with TLS or without, or a Unix socket. */
import { chmodSync, lstatSync, readFileSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { CeleriacError, ConfigError, reasonOf } from "@celeriac/core/runtime";
import type { FastifyInstance } from "fastify";
import type { ResolvedMonitorOptions } from "./options.ts";

const thisMachine = "127.0.0.1";
const socketMode = 0o660;

export interface Tls {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer | undefined;
  /** Only clients with a certificate of `ca` get as far as a request. */
  readonly requestCert: boolean;
  readonly rejectUnauthorized: boolean;
}

/** null: http. Throws CONFIG_FILE for what cannot be read, CONFIG_INVALID for one file without the other, or without what they are for. */
export function tlsOf({ certfile, keyfile, caCerts, clientCerts }: ResolvedMonitorOptions): Tls | null {
  const isAsked = clientCerts === "required";
  if (isAsked && (certfile === null || caCerts === null))
    throw new ConfigError("CONFIG_INVALID", "client_certs=required needs https (certfile and keyfile), and ca_certs to check them with");
  if (certfile === null && keyfile === null) return null;
  if (certfile === null || keyfile === null)
    throw new ConfigError("CONFIG_INVALID", "certfile and keyfile are given together, or not at all");
  return {
    requestCert: isAsked,
    rejectUnauthorized: isAsked,
    cert: contentOf("certfile", certfile),
    key: contentOf("keyfile", keyfile),
    ca: caCerts === null ? undefined : contentOf("caCerts", caCerts),
  };
}

function contentOf(option: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new ConfigError("CONFIG_FILE", `${option} names a file that cannot be read: ${reasonOf(cause)}`, { cause });
  }
}

/** Whom it is open to: everybody who reaches this machine only where that was asked for, or where one has to log in. undefined: every address. */
export function addressOf(options: ResolvedMonitorOptions, hasLogin: boolean): string | undefined {
  if (options.address !== null) return options.address;
  return hasLogin || options.unauthenticatedApi || options.allowInsecureBind ? undefined : thisMachine;
}

/** Resolves with what people open. Throws MONITOR_LISTEN. */
export async function listen(server: FastifyInstance, options: ResolvedMonitorOptions, address: string | undefined): Promise<string> {
  const { port, unixSocket, urlPrefix } = options;
  const path = urlPrefix === "" ? "" : `/${urlPrefix}/`;
  try {
    if (unixSocket === null) {
      await server.listen({ port, host: address ?? everyAddress() });
      return `${urlOf(server, address, options.certfile !== null)}${path}`;
    }
    await clear(unixSocket);
    await server.listen({ path: unixSocket });
    chmodSync(unixSocket, socketMode);
    return `unix:${unixSocket}`;
  } catch (cause) {
    if (CeleriacError.is(cause)) throw cause;
    const place = unixSocket ?? `${address ?? ""}:${port}`;
    throw new CeleriacError("MONITOR_LISTEN", `The monitor cannot listen on ${place}: ${whyNot(cause)}`, { cause });
  }
}

/** What a monitor that was killed has left there; one that lives is left alone. */
async function clear(path: string): Promise<void> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return;
  const lives = await new Promise<boolean>((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
  if (lives) throw new CeleriacError("MONITOR_LISTEN", `The monitor cannot listen on ${path}: another process does`);
  unlinkSync(path);
}

function urlOf(server: FastifyInstance, address: string | undefined, isSecure: boolean): string {
  const bound = server.server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  const isAny = address === undefined || address === "0.0.0.0" || address === "::";
  const host = isAny ? thisMachine : address.includes(":") ? `[${address}]` : address;
  return `${isSecure ? "https" : "http"}://${host}:${port}`;
}

/** Both kinds of addresses where the machine has both. */
function everyAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return all.some(({ family }) => family === "IPv6") ? "::" : "0.0.0.0";
}

function whyNot(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") return "another process listens there, Flower perhaps";
  if (code === "EACCES") return "this user may not listen there";
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND") return "this machine has no such address";
  return reasonOf(error);
}
