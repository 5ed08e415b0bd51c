/** How connections are encrypted: Celery's `broker_use_ssl`, and the `ssl_…` parameters of URLs, read once into what a driver gives to Node's TLS. */
import { readFile } from "node:fs/promises";
import type { ConnectionOptions } from "node:tls";
import { ConfigError, reasonOf } from "./errors.ts";
import { type Setting, shownValue, unknownName } from "./setting.ts";

/** Files are PEM, or the PEM text itself; they are read for each connection, so a renewed certificate needs no restart. */
export interface TlsOptions {
  /** CAs that are trusted; absent = those that Node comes with */
  readonly caCerts?: string;
  /** our certificate, for servers that ask for one; its file may hold the key, too */
  readonly certfile?: string;
  readonly keyfile?: string;
  readonly keyPassword?: string;
  /** "none" takes any certificate; absent = "required" */
  readonly certReqs?: "required" | "none";
  /** false: a verified certificate may be for another host */
  readonly checkHostname?: boolean;
  /** the name asked for and looked for in the certificate; absent = the URL's host */
  readonly serverHostname?: string;
  /** as OpenSSL writes them */
  readonly ciphers?: string;
}

const celeryNames = ["ca_certs", "certfile", "keyfile", "cert_reqs", "check_hostname", "server_hostname", "ciphers"] as const;
type CeleryName = (typeof celeryNames)[number] | `ssl_${(typeof celeryNames)[number]}` | "ssl_password";
/** The same as Celery users write it: with py-amqp's names, or redis-py's, which begin with `ssl_`. */
export type TlsInput = TlsOptions & { readonly [K in CeleryName]?: unknown };

type Reader = (value: unknown) => unknown;
const text: Reader = (value) => (typeof value === "string" && value !== "" ? value : undefined);
const flag: Reader = (value) => (word(value) === "true" ? true : word(value) === "false" ? false : undefined);
/** Python's ssl.CERT_NONE is 0; for a client its CERT_OPTIONAL (1) asks for as much as CERT_REQUIRED (2). */
const requirement: Reader = (value) => requirements.get(word(value).replace(/^cert_/, ""));
const requirements = new Map([
  ...["none", "0"].map((name) => [name, "none"] as const),
  ...["optional", "1", "required", "2"].map((name) => [name, "required"] as const),
]);
function word(value: unknown): string {
  return String(value).toLowerCase();
}

const readers: Readonly<Record<keyof TlsOptions, readonly [read: Reader, expected: string]>> = {
  caCerts: [text, "a file or PEM text"],
  certfile: [text, "a file or PEM text"],
  keyfile: [text, "a file or PEM text"],
  keyPassword: [text, "text"],
  certReqs: [requirement, "required, optional or none"],
  checkHostname: [flag, "true or false"],
  serverHostname: [text, "the name of a host"],
  ciphers: [text, "text"],
};

/** null members count as absent, as in Python. Throws CONFIG_UNKNOWN with the nearest name, and CONFIG_INVALID; `what` is what errors call it. */
export function readTlsOptions(given: object, what: string): TlsOptions {
  const options: Record<string, unknown> = {};
  for (const [written, value] of Object.entries(given)) {
    if (value === undefined || value === null) continue;
    const name = nameOf(written);
    if (name === undefined) throw unknownName(`option of ${what}`, written, namesLike(written));
    const [read, expected] = readers[name];
    options[name] = read(value);
    if (options[name] !== undefined) continue;
    const came = name === "keyPassword" ? "something else" : shownValue(value);
    throw new ConfigError("CONFIG_INVALID", `${what}: expected ${expected} for ${written}, got ${came}`);
  }
  return Object.freeze(options);
}

function namesLike(written: string): readonly string[] {
  return written.startsWith("ssl_")
    ? ["ssl_password", ...celeryNames.map((name) => `ssl_${name}`)]
    : [...Object.keys(readers), ...celeryNames];
}

function nameOf(written: string): keyof TlsOptions | undefined {
  const plain = written.replace(/^ssl_/, "").replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  const name = plain === "password" ? "keyPassword" : plain;
  return Object.hasOwn(readers, name) ? (name as keyof TlsOptions) : undefined;
}

/** A row of a table of settings: false leaves it to the URL. */
export const tlsSetting = (doc: string): Setting<boolean | TlsOptions> => ({
  kind: "yes, no, or {caCerts, certfile, keyfile, keyPassword, certReqs, checkHostname, serverHostname, ciphers}",
  default: false,
  doc,
  secret: "inside",
  read(value, name = "value") {
    if (value === null) return false;
    if (typeof value === "boolean") return value;
    return typeof value === "object" && !Array.isArray(value) ? readTlsOptions(value, name) : undefined;
  },
});

/** Takes the `ssl_…` parameters out of a URL; null where it has none. Throws as `readTlsOptions`. */
export function takeTlsParameters(parameters: URLSearchParams): TlsOptions | null {
  const found = [...parameters].filter(([name]) => name.startsWith("ssl_"));
  for (const [name] of found) parameters.delete(name);
  return found.length === 0 ? null : readTlsOptions(Object.fromEntries(found), "the URL");
}

type NodeOptions = Pick<
  ConnectionOptions,
  "rejectUnauthorized" | "checkServerIdentity" | "servername" | "ca" | "cert" | "key" | "passphrase" | "ciphers"
>;

/** Reads the files. Rejects with an Error that names the one which cannot be read. */
export async function tlsConnectionOptions(options: TlsOptions): Promise<NodeOptions> {
  const { caCerts, certfile, keyfile = certfile, keyPassword, certReqs, checkHostname, serverHostname, ciphers } = options;
  const [ca, cert, key] = await Promise.all([caCerts, certfile, keyfile].map(pem));
  return {
    rejectUnauthorized: certReqs !== "none",
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(keyPassword === undefined ? {} : { passphrase: keyPassword }),
    ...(serverHostname === undefined ? {} : { servername: serverHostname }),
    ...(checkHostname === false ? { checkServerIdentity: () => undefined } : {}),
    ...(ciphers === undefined ? {} : { ciphers }),
  };
}

async function pem(source: string | undefined): Promise<string | undefined> {
  if (source === undefined || source.startsWith("-----BEGIN ")) return source;
  try {
    return await readFile(source, "utf8");
  } catch (cause) {
    throw new UnreadableFile(`the file ${source} cannot be read: ${reasonOf(cause)}`, { cause });
  }
}

class UnreadableFile extends Error {}

/** What is wrong with the encryption, and what to do, where that is why a connection failed; null where it is something else. */
export function tlsFailure(error: unknown): string | null {
  if (error instanceof UnreadableFile) return error.message;
  const { code, reason = reasonOf(error) } = Object(error) as { readonly code?: unknown; readonly reason?: unknown };
  if (typeof code !== "string") return null;
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return `the server's certificate is for another host (${reason}): serverHostname says for which`;
  if (untrusted.test(code)) return `the server's certificate is not trusted (${reason}): caCerts says which CA to trust`;
  return /^(?:ERR_SSL_|ERR_OSSL_|EPROTO$)/.test(code) ? `the two sides could not agree (${reason})` : null;
}

/** Codes that OpenSSL's verification gives through Node. */
const untrusted = /^(?:UNABLE_TO_|CERT_|CRL_|ERROR_IN_C|DEPTH_ZERO_|SELF_SIGNED_|INVALID_|PATH_LENGTH_|HOSTNAME_MISMATCH)/;
