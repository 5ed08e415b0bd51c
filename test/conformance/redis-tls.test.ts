/** Redis by TLS: what depends on the connection, on a server that asks clients for a certificate, and what becomes of certificates that do not verify. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRedisBackend } from "../../packages/core/src/backends/redis.ts";
import { createRedisBroker } from "../../packages/core/src/brokers/redis/broker.ts";
import { settingTable } from "../../packages/core/src/config.ts";
import { createRedisCoordinator } from "../../packages/core/src/coordinators/redis.ts";
import { openBackend, openBroker } from "../../packages/core/src/open.ts";
import { plainQueues } from "../../packages/core/src/queue-table.ts";
import { resolveSettings } from "../../packages/core/src/setting.ts";
import { type Certificates, makeCertificates } from "../support/certificates.ts";
import { driverContext } from "../support/driver-context.ts";
import { freePort } from "../support/free-port.ts";
import { temporaryDirectory } from "../support/private-process.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { describeRedisTransport } from "./redis-suites.ts";

const folder = temporaryDirectory("tls");
let certificates: Certificates;
let server: RedisServer;
let tlsPort: number;
beforeAll(async () => {
  certificates = await makeCertificates(folder.path);
  tlsPort = await freePort();
  server = await startRedis({
    settings: {
      "tls-port": String(tlsPort),
      "tls-cert-file": certificates.server.certfile,
      "tls-key-file": certificates.server.keyfile,
      "tls-ca-cert-file": certificates.caCerts,
      "tls-auth-clients": "yes",
    },
  });
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

/** What a client needs to be let in, as parameters of a URL. */
function parameters(changes: Readonly<Record<string, string | null>> = {}): string {
  const { caCerts, client } = certificates;
  const all = {
    ssl_cert_reqs: "CERT_REQUIRED",
    ssl_ca_certs: caCerts,
    ssl_certfile: client.certfile,
    ssl_keyfile: client.keyfile,
    ...changes,
  };
  const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== null);
  return new URLSearchParams(given).toString();
}

let databases = 0;
describeRedisTransport("redis by TLS", async () => {
  const db = ++databases;
  return { url: `rediss://localhost:${tlsPort}/${db}?${parameters()}`, nodes: [`redis://127.0.0.1:${server.port}/${db}`] };
});

/** How connecting ends: "connected", or the code and the reason of the error. */
async function outcome(resource: { connect?(): Promise<void>; now?(): Promise<unknown>; close(): Promise<void> }): Promise<string> {
  try {
    await (resource.connect?.() ?? resource.now?.());
    return "connected";
  } catch (error) {
    const { code, message } = error as { readonly code: string; readonly message: string };
    return `${code} ${message}`;
  } finally {
    await resource.close();
  }
}

function opened(url: string) {
  return [
    createRedisBroker(url, driverContext(), { resultUrl: null }),
    createRedisBackend(url, driverContext()),
    createRedisCoordinator(url, driverContext()),
  ];
}

describe("a certificate", () => {
  const url = (changes: Readonly<Record<string, string | null>> = {}) => `rediss://localhost:${tlsPort}/0?${parameters(changes)}`;

  test("of an authority that is not trusted is refused, and believed only where that is asked for", async () => {
    for (const changes of [{ ssl_ca_certs: certificates.strangerCaCerts }, { ssl_ca_certs: null }]) {
      const [broker, ...others] = await Promise.all(opened(url(changes)).map(outcome));
      expect(broker).toMatch(new RegExp(`^BROKER_TLS .*localhost:${tlsPort}/0.*certificate`));
      expect(others.map((each) => each.split(" ")[0])).toEqual(["BACKEND_TLS", "BROKER_TLS"]);
    }
    const believing = opened(url({ ssl_ca_certs: null, ssl_cert_reqs: "none" }));
    expect(await Promise.all(believing.map(outcome))).toEqual(["connected", "connected", "connected"]);
  });

  test("of another host is refused, unless its name is not looked at", async () => {
    const other = (changes = {}) => outcome(createRedisBackend(url({ ssl_server_hostname: "elsewhere", ...changes }), driverContext()));
    expect(await other()).toMatch(/^BACKEND_TLS .*another host.*elsewhere/);
    expect(await other({ ssl_check_hostname: "false" })).toBe("connected");
    const byAddress = `rediss://127.0.0.1:${tlsPort}/0?${parameters()}`;
    expect(await outcome(createRedisBackend(byAddress, driverContext()))).toBe("connected");
  });

  test("that a server asks for and does not get is told as what it is", async () => {
    const without = outcome(createRedisBackend(url({ ssl_certfile: null, ssl_keyfile: null }), driverContext()));
    expect(await without).toMatch(/^BACKEND_TLS .*certificate/i);
  });

  test("whose file cannot be read is named", async () => {
    expect(await outcome(createRedisBackend(url({ ssl_ca_certs: "/nowhere/ca.pem" }), driverContext()))).toMatch(
      /^BACKEND_TLS .*\/nowhere\/ca\.pem/,
    );
  });
});

test("is what Celery's settings ask for, also of results that lie with the broker", async () => {
  const { caCerts, client } = certificates;
  const settings = resolveSettings(settingTable, {
    broker_url: `redis://localhost:${tlsPort}/0`,
    broker_use_ssl: { ssl_ca_certs: caCerts, ssl_certfile: client.certfile, ssl_keyfile: client.keyfile, ssl_cert_reqs: "required" },
  });
  const broker = await openBroker(settings, plainQueues, driverContext());
  expect(broker.settlesResults).toBe(true);
  expect(await outcome(broker)).toBe("connected");
  expect(await outcome((await openBackend(settings, driverContext()))!)).toBe("connected");

  const named = { result_backend: settings.brokerUrl, redis_backend_use_ssl: settings.brokerUseSsl };
  expect(await outcome((await openBackend(resolveSettings(settingTable, named), driverContext()))!)).toBe("connected");
});
