/** Beats that share a broker, and whose schedules lie in files of their own: one of them leads. */
import { randomUUID } from "node:crypto";
import { afterEach, expect, it } from "vitest";
import { type Beat, createBeat } from "../../../packages/beat/src/beat.ts";
import { isFirst, peerExchange, readPeer, writePeer } from "../../../packages/beat/src/peer.ts";
import { Peers } from "../../../packages/beat/src/peers.ts";
import { createApp, runtimeOf } from "../../../packages/core/src/app.ts";
import type { Links } from "../../../packages/core/src/app-runtime.ts";
import type { Broker } from "../../../packages/core/src/broker.ts";
import { systemClock } from "../../../packages/core/src/clock.ts";
import { PublishError } from "../../../packages/core/src/errors.ts";
import { type Logger, silentLogger } from "../../../packages/core/src/logger.ts";
import { every } from "../../../packages/core/src/schedules/interval.ts";
import { eventually } from "../../support/eventually.ts";
import { createSqliteFile } from "../../support/sqlite-file.ts";

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function fileUrl(): Promise<string> {
  const file = await createSqliteFile();
  ends.push(() => file.remove());
  return file.url;
}

interface Placed {
  readonly broker: string;
  readonly store: string;
  readonly name?: string;
}

async function beatOf({ broker, store, name = "shop" }: Placed, lines: [string, object][] = []): Promise<Beat> {
  const app = createApp(name, { broker, config: { scheduleStore: store, durability: "process" } });
  ends.push(() => app.close());
  app.schedule("often", every("20ms"), app.declare<() => void>("py.ping").si());
  const log = (message: string, fields?: object) => void lines.push([message, fields ?? {}]);
  const logger: Logger = { debug: log, info: log, warn: log, error: log };
  const beat = createBeat(app, { failover: "1500ms" }, { logger });
  ends.push(() => beat.stop());
  return beat;
}

it("one that comes later is refused, and the one that leads goes on and says so", async () => {
  const broker = `memory://${randomUUID()}`;
  const lines: [string, object][] = [];
  const [store, later] = [await fileUrl(), await fileUrl()];
  const first = await beatOf({ broker, store }, lines);
  await first.start();
  const second = await beatOf({ broker, store: later });
  await expect(second.start()).rejects.toMatchObject({ code: "BEAT_STORE_NOT_SHARED", message: expect.stringContaining(store.slice(9)) });
  expect(second.stats().leads).toBe(false);
  const { sent } = first.stats();
  await eventually(() => first.stats().sent > sent + 2);
  expect(lines).toContainEqual(["another beat keeps the schedule in another file", expect.objectContaining({ leads: false })]);
});

it("those of one file, of other apps, and of a server's store are no strangers", async () => {
  const [broker, store] = [`memory://${randomUUID()}`, await fileUrl()];
  const beats = [
    await beatOf({ broker, store }),
    await beatOf({ broker, store }),
    await beatOf({ broker, store: await fileUrl(), name: "another" }),
    await beatOf({ broker, store: `memory://${randomUUID()}` }),
  ];
  await Promise.all(beats.map((beat) => beat.start()));
  const [one, same, ...others] = beats.map((beat) => beat.stats().leads);
  expect([one !== same, ...others]).toEqual([true, true, true]);
});

it("of two that start at once one leads, and the other may when that one is gone", async () => {
  const [broker, stores] = [`memory://${randomUUID()}`, [await fileUrl(), await fileUrl()]];
  const beats = await Promise.all(stores.map((store) => beatOf({ broker, store })));
  const started = await Promise.allSettled(beats.map((beat) => beat.start()));
  expect(started.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  expect(beats.filter((beat) => beat.stats().leads)).toHaveLength(1);
  const refused = started.findIndex(({ status }) => status === "rejected");
  await beats[1 - refused]!.stop();
  const next = await beatOf({ broker, store: stores[refused]! });
  await next.start();
  expect(next.stats().leads).toBe(true);
});

it("one that leads steps down when it hears of one that has led for longer, and leads again when that one is silent", async () => {
  const broker = `memory://${randomUUID()}`;
  const lines: [string, object][] = [];
  const beat = await beatOf({ broker, store: await fileUrl() }, lines);
  await beat.start();
  const other = createApp("other", { broker });
  ends.push(() => other.close());
  const { broker: link } = await runtimeOf(other)!.links();
  const peer = { app: "shop", id: "z", path: "/srv/celeriac.db-schedules", identity: "b:1:2", leadsSince: 1, everyMs: 250 };
  await link.connect();
  await link.broadcast(peerExchange, "", writePeer(peer));
  await eventually(() => !beat.stats().leads);
  expect(beat.stats().loss).toMatch(/^BEAT_STORE_NOT_SHARED: .*has its own in \/srv\/celeriac\.db-schedules/);
  expect(lines).toContainEqual(["beat-following", { reason: expect.stringContaining("BEAT_STORE_NOT_SHARED") }]);
  await eventually(() => beat.stats().leads && beat.stats().loss === null);
});

it("who leads goes on while the broker is away, and who does not waits for it", async () => {
  let isAway = false;
  let closed = 0;
  const broker = {
    connected: true,
    subscribe: async () => ({ close: async () => void closed++ }),
    async broadcast() {
      if (isAway) throw new PublishError("PUBLISH_REJECTED", "not connected", { retryable: true });
    },
  } as unknown as Broker;
  const runtime = { name: "shop", clock: systemClock, links: async () => ({ broker }) as unknown as Links };
  const store = { local: async () => ({ path: "/a", identity: "a:1:1" }) };
  const peers = new Peers({ runtime, store, logger: silentLogger, id: "a", everyMs: 1 });
  await peers.look(null);
  isAway = true;
  await peers.look(5);
  await expect(peers.look(null)).rejects.toMatchObject({ code: "BROKER_UNREACHABLE" });
  await peers.close();
  expect(closed).toBe(1);
  const late = new Peers({ runtime, store, logger: silentLogger, id: "b", everyMs: 1 });
  await expect(late.look(null)).rejects.toMatchObject({ code: "BROKER_UNREACHABLE" });
  expect(closed).toBe(2);
  isAway = false;
  await late.look(null);
});

it("who leads is first, then who has led for longer, then the lower id", () => {
  const [a, b] = [
    { id: "a", leadsSince: null },
    { id: "b", leadsSince: null },
  ];
  expect(isFirst(a, b)).toBe(true);
  expect(isFirst(b, a)).toBe(false);
  expect(isFirst({ ...b, leadsSince: 5 }, a)).toBe(true);
  expect(isFirst({ ...b, leadsSince: 5 }, { ...a, leadsSince: 6 })).toBe(true);
  expect(isFirst({ ...b, leadsSince: 5 }, { ...a, leadsSince: 5 })).toBe(false);
});

it("what is no word of a beat is passed over", () => {
  const envelope = writePeer({ app: "shop", id: "z", path: "/a", identity: "b", leadsSince: null, everyMs: 1 });
  expect(readPeer(envelope)).toMatchObject({ app: "shop", leadsSince: null });
  for (const text of ["", "null", "[]", '{"app":"shop"}']) expect(readPeer({ body: Buffer.from(text) })).toBeNull();
});
