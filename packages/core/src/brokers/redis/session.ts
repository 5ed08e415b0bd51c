/**
 * The two connections of a consumer to its server, or to each node of its cluster: one for data, one that is told when a list changes
 * (client tracking, redirected to it). They live and die together: what the server tracks for one is worth nothing without the other.
 */
import type { Clock } from "../../clock.ts";
import type { Logger } from "../../logger.ts";
import { openNodes } from "../../redis/cluster.ts";
import { ClusterConnection } from "../../redis/cluster-connection.ts";
import { type ConnectionOptions, closedTogether, type RedisConnection } from "../../redis/connection.ts";
import { isReply } from "../../redis/failure.ts";
import { atPrimary } from "../../redis/primary.ts";
import { invalidations, openServer } from "../../redis/server-connection.ts";
import type { RedisServer, RedisTarget } from "../../redis/url.ts";

export interface Session {
  readonly data: RedisConnection;
  /** false where the server cannot track (a proxy, an ACL): changes must be looked for */
  readonly tracks: boolean;
  /** Resolves with the reason when the session is over: all connections are gone, and nothing that was asked is answered any more. */
  readonly closed: Promise<unknown>;
  /** The next change of each key that the next command of `data` reads where `key` lies is told, once; nothing where the server cannot track. */
  track(key: string): void;
  /** `listener` hears which tracked keys changed; null = any may have. */
  onChange(listener: (keys: readonly string[] | null) => void): void;
  /** Hears from now on what is told on channels that match one of `patterns`. Resolves when it does. */
  listen(patterns: readonly string[]): Promise<void>;
  /** Ends what `listen` began. */
  unlisten(patterns: readonly string[]): Promise<void>;
  onHeard(listener: (pattern: string, payload: Buffer) => void): void;
  /** Asks what only listens for a sign of life. */
  probe(): void;
  close(reason?: unknown): void;
}

export interface SessionOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly worker: string;
  readonly silentMs: number;
}

export async function openSession(target: RedisTarget, options: SessionOptions): Promise<Session> {
  const held = { ...options, name: "celeriac:nodes", holdsProcess: true };
  const open = (server: RedisServer) => openPair(server, options);
  const { pairs, data } = await openPairs(target, held, open);
  const close = (reason?: unknown) => {
    for (const pair of pairs) pair.close(reason);
  };
  const closed = closedTogether(pairs.flatMap((pair) => [pair.data, pair.ear]));
  const tracks = pairs.every((pair) => pair.tracks);
  // What is published on one node of a cluster is heard on all.
  const { ear } = pairs[0] as Pair;
  return {
    data,
    tracks,
    closed,
    track(key) {
      if (tracks)
        data
          .serverOf(key)
          .call("CLIENT", "CACHING", "YES")
          .catch(() => {});
    },
    onChange(listener) {
      for (const pair of pairs) {
        pair.ear.onMessage((channel, payload) => {
          if (channel === invalidations) listener(Array.isArray(payload) ? payload.map(String) : null);
        });
      }
    },
    async listen(patterns) {
      await ear.call("PSUBSCRIBE", ...patterns);
    },
    async unlisten(patterns) {
      await ear.call("PUNSUBSCRIBE", ...patterns);
    },
    onHeard: (listener) => ear.onPattern(listener),
    // Its failure closes the connection, which is what `closed` tells.
    probe() {
      for (const pair of pairs) void pair.ear.call("PING").catch(() => {});
    },
    close,
  };
}

interface Pairs {
  readonly pairs: readonly Pair[];
  readonly data: RedisConnection;
}

async function openPairs(target: RedisTarget, options: ConnectionOptions, open: (server: RedisServer) => Promise<Pair>): Promise<Pairs> {
  const { place } = target;
  if ("nodes" in place) {
    const { nodes: pairs, slots } = await openNodes(place, target, options, open);
    return { pairs, data: new ClusterConnection({ nodes: pairs.map(({ data }) => data), slots }) };
  }
  const pair = await atPrimary(place, target, options, open);
  return { pairs: [pair], data: pair.data };
}

/** Both to the same server: what one tracks for the other is known there only. */
interface Pair {
  readonly data: RedisConnection;
  readonly ear: RedisConnection;
  readonly tracks: boolean;
  close(reason?: unknown): void;
}

async function openPair(server: RedisServer, options: SessionOptions): Promise<Pair> {
  const connect = (role: string) => openServer(server, { ...options, holdsProcess: true, name: `celeriac:${role}:${options.worker}` });
  const [data, ear] = await openBoth(connect("data"), connect("wake"));
  const close = (reason?: unknown) => {
    data.close(reason);
    ear.close(reason);
  };
  try {
    return { data, ear, tracks: await track(data, ear, options.logger), close };
  } catch (error) {
    close(error);
    throw error;
  }
}

async function openBoth(
  first: Promise<RedisConnection>,
  second: Promise<RedisConnection>,
): Promise<readonly [RedisConnection, RedisConnection]> {
  const [data, ear] = await Promise.allSettled([first, second]);
  if (data.status === "fulfilled" && ear.status === "fulfilled") return [data.value, ear.value];
  if (data.status === "fulfilled") data.value.close();
  if (ear.status === "fulfilled") ear.value.close();
  throw data.status === "rejected" ? data.reason : (ear as PromiseRejectedResult).reason;
}

async function track(data: RedisConnection, ear: RedisConnection, logger: Logger): Promise<boolean> {
  try {
    const id = await ear.call("CLIENT", "ID");
    await ear.call("SUBSCRIBE", invalidations);
    // Opted in for each look: else everything that a script reads, and before Redis 7.2 every key it is given, would be told of.
    await data.call("CLIENT", "TRACKING", "ON", "REDIRECT", Number(id), "OPTIN");
    await data.call("CLIENT", "CACHING", "YES");
    return true;
  } catch (error) {
    if (!isReply(error)) throw error;
    logger.warn("Redis cannot tell when a queue changes; it is asked 4 to 20 times a second instead", { reason: error.message });
    return false;
  }
}
