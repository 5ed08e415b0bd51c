/** Certificates for a test's servers and clients, made by openssl: one authority, a server on this machine, a client, and an authority nobody asked. */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

export interface KeyPair {
  readonly certfile: string;
  readonly keyfile: string;
}

/** Paths of PEM files. */
export interface Certificates {
  readonly caCerts: string;
  /** for localhost and 127.0.0.1 */
  readonly server: KeyPair;
  /** common name "celeriac-client" */
  readonly client: KeyPair;
  /** an authority that signed none of them */
  readonly strangerCaCerts: string;
}

export const clientName = "celeriac-client";

const openssl = (directory: string, ...args: readonly string[]) => promisify(execFile)("openssl", args, { cwd: directory });
const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"] as const;

/** Writes them into `directory`, valid for two days. */
export async function makeCertificates(directory: string): Promise<Certificates> {
  const path = (name: string) => join(directory, name);
  const authority = async (name: string) => {
    await openssl(
      directory,
      "req",
      "-x509",
      ...newKey,
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.pem`,
      "-days",
      "2",
      "-subj",
      `/CN=${name}`,
    );
    return path(`${name}.pem`);
  };
  const signed = async (name: string, extensions: string): Promise<KeyPair> => {
    await openssl(directory, "req", ...newKey, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
    await writeFile(path(`${name}.ext`), extensions);
    const by = ["-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial", "-days", "2", "-extfile", `${name}.ext`];
    await openssl(directory, "x509", "-req", "-in", `${name}.csr`, "-out", `${name}.pem`, ...by);
    return { certfile: path(`${name}.pem`), keyfile: path(`${name}.key`) };
  };
  const caCerts = await authority("authority");
  const server = await signed("localhost", "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n");
  const client = await signed(clientName, "extendedKeyUsage=clientAuth\n");
  return { caCerts, server, client, strangerCaCerts: await authority("stranger") };
}
