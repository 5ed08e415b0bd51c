/**
 * A connection to Redis: to one server, or to all nodes of a cluster that hold keys. It never reconnects, because a connection that is
 * silently replaced would hide a failover from whoever relies on what a server remembers of it.
 */
import type { Clock } from "../clock.ts";
import type { RedisScript } from "./script.ts";

export type RedisArgument = string | number | Buffer;

export interface ConnectionOptions {
  readonly clock: Clock;
  /** shown by CLIENT LIST */
  readonly name: string;
  /** false: an idle connection does not keep the process alive */
  readonly holdsProcess: boolean;
  /** A server that owes an answer for so long is taken for gone. Default 5 s; never more than 3 s where another may take its place. */
  readonly silentMs?: number | undefined;
}

/** Counts what is pending, so that it notices a silent server; passes messages of subscriptions on; says when it is gone. */
export interface RedisConnection {
  readonly isOpen: boolean;
  /** Resolves with the reason when the connection is gone, however that came. Never rejects. */
  readonly closed: Promise<unknown>;
  /** Stands in front of every key and channel on the server, and of none of those that callers name and hear. */
  readonly keyPrefix: string;
  /** One by one: for commands that are about a server and not about a key. */
  readonly servers: readonly RedisConnection[];
  /** The one that holds a key. */
  serverOf(key: string): RedisConnection;
  /** true when one command, or one script, may name both keys. */
  areTogether(key: string, other: string): boolean;
  /** Gives the reply with texts as strings. Its first argument is the key, if it has one. Rejects with what `failure.ts` can judge. */
  call(name: string, ...args: readonly RedisArgument[]): Promise<unknown>;
  /** The same with texts as bytes. */
  callBytes(name: string, ...args: readonly RedisArgument[]): Promise<unknown>;
  /** Runs a script on keys that are together; one that the server does not know was not run, and is sent in full. `before` is called each time before it is sent. */
  run(script: RedisScript, keys: readonly string[], args: readonly RedisArgument[], before?: () => void): Promise<unknown>;
  /** Hears the messages of all channels this connection is subscribed to; an invalidation's payload is a list of keys, or null for all. */
  onMessage(listener: (channel: string, payload: Buffer | readonly Buffer[] | null) => void): void;
  /** Hears the messages of all patterns this connection is subscribed to. */
  onPattern(listener: (pattern: string, payload: Buffer) => void): void;
  /** Changes whether this connection keeps the process alive while it is idle. */
  holdProcess(holds: boolean): void;
  /** Closes at once; whatever is pending is rejected. Safe to call twice. */
  close(reason?: unknown): void;
}

/** Keys, in their order, in groups that one command may name. */
export function grouped(keys: readonly string[], connection: RedisConnection): readonly (readonly string[])[] {
  const groups: string[][] = [];
  for (const key of keys) {
    const group = groups.find(([first]) => connection.areTogether(first as string, key));
    if (group === undefined) groups.push([key]);
    else group.push(key);
  }
  return groups;
}

/** Resolves when all are gone: one that is takes the others with it. The reason is the first one's. */
export async function closedTogether(connections: readonly Pick<RedisConnection, "closed" | "close">[]): Promise<unknown> {
  const ends = connections.map(({ closed }) => closed);
  const reason = await Promise.race(ends);
  for (const connection of connections) connection.close(reason);
  await Promise.all(ends);
  return reason;
}
