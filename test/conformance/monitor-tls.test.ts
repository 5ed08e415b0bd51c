/** A monitor behind https, and who gets in with a certificate. */
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Certificates, clientName, type KeyPair, makeCertificates } from "../support/certificates.ts";
import { type GuardedServer, guardedServer } from "../support/monitor/guarded-server.ts";
import { temporaryDirectory } from "../support/private-process.ts";

const folder = temporaryDirectory("monitor-tls");
const opened: GuardedServer[] = [];
let certificates: Certificates;

beforeAll(async () => {
  certificates = await makeCertificates(folder.path);
});
afterAll(async () => {
  for (const guarded of opened) await guarded[Symbol.asyncDispose]();
  folder.remove();
});

type Answer = { readonly status: number; readonly text: string };

async function serve(options: Readonly<Record<string, unknown>>) {
  const guarded = await guardedServer({ ...certificates.server, caCerts: certificates.caCerts, ...options });
  opened.push(guarded);
  const url = await guarded.server.listen({ port: 0, host: "127.0.0.1" });
  return (path: string, client: KeyPair | null = null, headers: Readonly<Record<string, string>> = {}) =>
    new Promise<Answer>((resolve, reject) => {
      const shown = client === null ? {} : { cert: readFileSync(client.certfile), key: readFileSync(client.keyfile) };
      const asked = request(url + path, { ca: readFileSync(certificates.caCerts), ...shown, headers, agent: false }, (answer) => {
        let text = "";
        answer.on("data", (data) => {
          text += String(data);
        });
        answer.on("end", () => resolve({ status: answer.statusCode!, text }));
        answer.on("error", reject);
      });
      asked.on("error", reject);
      asked.end();
    });
}

it("asks clients for no certificate unless that is wanted", async () => {
  const ask = await serve({ unauthenticatedApi: true });
  expect((await ask("/api/workers")).status).toBe(200);
});

it("lets in who shows a certificate of its authority, under the name in it, and nobody else", async () => {
  const ask = await serve({ clientCerts: "required", roles: `${clientName}=operator` });
  const answer = await ask("/api/workers", certificates.client);
  expect([answer.status, JSON.parse(answer.text).asker]).toEqual([
    200,
    { user: clientName, role: "operator", by: "certificate", readOnly: null },
  ]);
  await expect(ask("/healthcheck")).rejects.toThrow();
  const stranger = { certfile: certificates.strangerCaCerts, keyfile: certificates.strangerCaCerts.replace(".pem", ".key") };
  await expect(ask("/healthcheck", stranger)).rejects.toThrow();
});

it("wants a login behind the certificate where one is configured", async () => {
  const ask = await serve({ clientCerts: "required", basicAuth: "ann:secret" });
  expect((await ask("/api/workers", certificates.client)).status).toBe(401);
  const basic = { authorization: `Basic ${Buffer.from("ann:secret").toString("base64")}` };
  expect(JSON.parse((await ask("/api/workers", certificates.client, basic)).text).asker).toMatchObject({ user: "ann", by: "basic" });
});

it("refuses to ask for certificates that it could not check", async () => {
  const { certfile, keyfile } = certificates.server;
  for (const options of [{ caCerts: certificates.caCerts }, { certfile, keyfile }])
    await expect(guardedServer({ clientCerts: "required", ...options })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
});
