/** The coordinator on Redis: a lease is a string with a time to live that holds the holder's token; tokens come from one counter. */
import { randomUUID } from "node:crypto";
import type { Coordinator, Lease } from "../coordinator.ts";
import type { DriverContext } from "../driver.ts";
import { BrokerError } from "../errors.ts";
import { asking } from "../redis/ask.ts";
import type { RedisConnection } from "../redis/connection.ts";
import { brokerFailure } from "../redis/failure.ts";
import { createLink } from "../redis/link.ts";
import { redisScript } from "../redis/script.ts";
import { parseRedisUrl, type RedisAccess } from "../redis/url.ts";
import { checkTake } from "../token-bucket.ts";
import { checkSlotLimit, HeldSlots, type SlotName, type SlotTiming, slotTiming } from "./held-slots.ts";

const scripts = Object.freeze({
  lease: redisScript(import.meta.url, "./redis-lease.lua"),
  renew: redisScript(import.meta.url, "./redis-renew.lua"),
  reserve: redisScript(import.meta.url, "./redis-reserve.lua"),
  release: redisScript(import.meta.url, "./redis-release.lua"),
  take: redisScript(import.meta.url, "./redis-take.lua"),
  slot: redisScript(import.meta.url, "./redis-slot.lua"),
  renewSlot: redisScript(import.meta.url, "./redis-renew-slot.lua"),
});

/** One counter for all leases: it stays for ever, one per lease would pile up. */
const tokenKey = "{celeriac}:lease-token";
const leaseKey = (name: string) => `{celeriac}:lease:${name}`;
const reservationKey = (key: string) => `{celeriac}:reserved:${key}`;
const bucketKey = (bucket: string) => `{celeriac}:bucket:${bucket}`;
const slotsKey = (key: string) => `{celeriac}:slots:${key}`;

export interface RedisCoordinatorOptions {
  readonly access?: RedisAccess | undefined;
  readonly timing?: SlotTiming | undefined;
}

/** Throws CONFIG_URL. Connects on first use. */
export function createRedisCoordinator(url: string, context: DriverContext, options: RedisCoordinatorOptions = {}): Coordinator {
  const { access, timing = slotTiming } = options;
  const target = parseRedisUrl(url, access, context.credentials);
  const closed = () => new BrokerError("BROKER_CLOSED", `The coordinator on Redis at ${target.label} was closed`);
  const link = createLink(target, { clock: context.clock, name: "celeriac:coordinator", holdsProcess: false, closed });

  const ask = asking(link, (error) => brokerFailure(error, target.label));

  const slots = new HeldSlots({
    clock: context.clock,
    logger: context.logger,
    timing,
    renew: (held) => ask((connection) => Promise.all(held.map((slot) => renewSlot(connection, slot, timing.ttlMs)))),
    async free({ key, holder }) {
      await ask((connection) => connection.call("ZREM", slotsKey(key), holder));
    },
  });

  function createLease(name: string, token: number, ttlMs: number): Lease {
    // Once lost it stays lost, without asking: the key may have expired and nobody have noticed.
    let isLost = false;
    return Object.freeze({
      name,
      token,
      async renew() {
        if (!isLost) isLost = (await ask((connection) => connection.run(scripts.renew, [leaseKey(name)], [token, ttlMs]))) !== 1;
        return !isLost;
      },
      async release() {
        if (isLost) return;
        await ask((connection) => connection.run(scripts.release, [leaseKey(name)], [token]));
        isLost = true;
      },
    });
  }

  return {
    async lease(name, ttlMs) {
      const token = await ask((connection) => connection.run(scripts.lease, [leaseKey(name), tokenKey], [wholeMs(ttlMs)]));
      return token === 0 ? null : createLease(name, Number(token), wholeMs(ttlMs));
    },
    reserve: (key, owner, ttlMs) =>
      ask(async (connection) => String(await connection.run(scripts.reserve, [reservationKey(key)], [owner, wholeMs(ttlMs)]))),
    release: (key, owner) => ask(async (connection) => (await connection.run(scripts.release, [reservationKey(key)], [owner])) === 1),
    async take(bucket, n, rate) {
      checkTake(bucket, n, rate);
      return await ask(async (connection) => Number(await connection.run(scripts.take, [bucketKey(bucket)], [n, rate.limit, rate.perMs])));
    },
    async slots(key, limit) {
      checkSlotLimit(key, limit);
      const holder = randomUUID();
      const askedAt = context.clock.monotonic();
      const taken = await ask((connection) => connection.run(scripts.slot, [slotsKey(key)], [holder, limit, timing.ttlMs]));
      return taken === 1 ? slots.hold({ key, holder }, askedAt) : null;
    },
    now: () =>
      ask(async (connection) => {
        const [seconds, micros] = (await connection.call("TIME")) as [string, string];
        return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
      }),
    async close() {
      await slots.close();
      link.close();
    },
  };
}

async function renewSlot(connection: RedisConnection, { key, holder }: SlotName, ttlMs: number): Promise<boolean> {
  return (await connection.run(scripts.renewSlot, [slotsKey(key)], [holder, ttlMs])) === 1;
}

function wholeMs(ttlMs: number): number {
  return Math.max(1, Math.round(ttlMs));
}
