/** Redis behind sentinels that want a password: what depends on the connection, and what is told of sentinels that do not help. Failovers are in `faults`. */
import { type Credentials, type CredentialsRequest, createApp } from "@celeriac/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRedisBackend } from "../../packages/core/src/backends/redis.ts";
import { createRedisBroker } from "../../packages/core/src/brokers/redis/broker.ts";
import { settingTable } from "../../packages/core/src/config.ts";
import { openBackend, openBroker, openCoordinator, requireCoordinator } from "../../packages/core/src/open.ts";
import { plainQueues } from "../../packages/core/src/queue-table.ts";
import type { RedisAccess } from "../../packages/core/src/redis/url.ts";
import { resolveSettings } from "../../packages/core/src/setting.ts";
import { driverContext } from "../support/driver-context.ts";
import { primaryName, type SentinelSet, startSentinel, startSentinels } from "../support/redis-sentinel.ts";
import { describeRedisTransport } from "./redis-suites.ts";

const password = "sentinels-only";
const access: RedisAccess = { ssl: false, masterName: primaryName, sentinel: { password } };
let set: SentinelSet;
beforeAll(async () => {
  set = await startSentinels({ password });
});
afterAll(() => set.stop());

let databases = 0;
describeRedisTransport("redis behind sentinels", async () => {
  const db = ++databases;
  return { url: set.url(db), access, nodes: [`redis://127.0.0.1:${set.servers[0].port}/${db}`] };
});

describe("sentinels", () => {
  const refusal = (url: string, how: RedisAccess) => {
    const backend = createRedisBackend(url, driverContext(), how);
    return backend.connect().then(
      () => "connected",
      ({ code, message }: { readonly code: string; readonly message: string }) => `${code} ${message}`,
    );
  };

  test("that want a password say so", async () => {
    expect(await refusal(set.url(), { ssl: false, masterName: primaryName })).toMatch(/^BACKEND_AUTH .*NOAUTH/);
    expect(await refusal(set.url(), { ...access, sentinel: { password: "wrong" } })).toMatch(/^BACKEND_AUTH .*WRONGPASS/);
  });

  test("that do not know the primary by its name are told", async () => {
    expect(await refusal(set.url(), { ...access, masterName: "nobody" })).toMatch(/^BACKEND_UNREACHABLE .*knows no "nobody"/);
  });

  test("that are gone are no hindrance while one is there", async () => {
    const [port] = set.ports;
    const gone = "sentinel://127.0.0.1:1";
    expect(await refusal(`${gone};sentinel://127.0.0.1:${port};${gone}`, access)).toBe("connected");
    expect(await refusal(`${gone};${gone}`, access)).toMatch(/^BACKEND_UNREACHABLE .*none of 2 sentinels.*ECONNREFUSED/);
  });

  test("are found by Celery's settings, for broker, results and coordinator", async () => {
    const settings = resolveSettings(settingTable, {
      broker_url: set.url(4_000),
      broker_transport_options: { master_name: primaryName, sentinel_kwargs: { password, socket_timeout: 0.5 }, visibility_timeout: 60 },
    });
    const broker = await openBroker(settings, plainQueues, driverContext());
    const backend = await openBackend(settings, driverContext());
    const coordinator = await openCoordinator(requireCoordinator(settings, "this test"), driverContext());
    await Promise.all([broker.connect(), backend?.connect(), coordinator.now()]);
    expect(broker.settlesResults).toBe(true);
    await Promise.all([broker.close(), backend?.close(), coordinator.close()]);
  });
});

describe("sentinels that want a login", () => {
  /** What connecting ends with, for what credentials() gives of a sentinel. */
  async function connecting(ofSentinel: () => Credentials) {
    const asked: CredentialsRequest[] = [];
    const app = createApp("rotating", {
      broker: set.url(),
      backend: "disabled",
      config: { broker_transport_options: { master_name: primaryName, sentinel_kwargs: { password: "stale" } } },
      credentials(request) {
        asked.push(request);
        return request.sentinel === null ? { username: "default", password: "any will do" } : ofSentinel();
      },
    });
    const end = await app.connect().then(
      () => "connected",
      ({ code }: { readonly code: string }) => code,
    );
    await app.close();
    return { end, asked };
  }

  test("are entered as credentials() says, which is told which one", async () => {
    const { end, asked } = await connecting(() => ({ password }));
    expect(end).toBe("connected");
    expect(new Set(asked.map(({ sentinel }) => sentinel))).toEqual(new Set([...set.ports.map((port) => `127.0.0.1:${port}`), null]));
    expect(asked[0]).toMatchObject({ purpose: "broker", url: set.url() });
  });

  test("are not entered as sentinelKwargs says where credentials() says otherwise, or fails", async () => {
    expect((await connecting(() => ({ password: "wrong" }))).end).toBe("BROKER_AUTH");
    const failing = await connecting(() => {
      throw new Error("away");
    });
    expect(failing.end).toBe("CREDENTIALS_FAILED");
  });
});

test("a replica is no broker, whoever says so", async () => {
  // As a sentinel does that has not heard of a failover yet.
  const misled = await startSentinel({ watches: set.servers[1].port, name: "misled" });
  try {
    const url = `sentinel://127.0.0.1:${misled.port}?master_name=misled`;
    const broker = createRedisBroker(url, driverContext(), { resultUrl: null });
    await expect(broker.connect()).rejects.toMatchObject({ code: "BROKER_UNREACHABLE", message: expect.stringContaining("replica") });
    await broker.close();
  } finally {
    await misled.stop();
  }
});
