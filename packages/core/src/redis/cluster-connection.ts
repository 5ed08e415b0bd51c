/**
 * One connection to each node of a cluster that holds keys, used as one: what names a key goes to the node that holds it. It is gone as soon
 * as one of them is, or says that a key lies elsewhere by now: whoever relies on what a node remembers must begin anew then.
 */
import { createRequire } from "node:module";
import type { Nodes } from "./cluster.ts";
import { closedTogether, type RedisArgument, type RedisConnection } from "./connection.ts";
import type { RedisScript } from "./script.ts";

/** The slot of a key, 0 to 16383. The library, which ioredis uses as well, has no types of its own. */
const calculateSlot = createRequire(import.meta.url)("cluster-key-slot") as (key: string) => number;

/** Commands without a key. Any node may be asked: what is published on one is heard on all. */
const keyless: ReadonlySet<string> = new Set(["PING", "TIME", "PUBLISH", "SUBSCRIBE", "UNSUBSCRIBE", "PSUBSCRIBE"]);

export class ClusterConnection implements RedisConnection {
  readonly closed: Promise<unknown>;
  readonly keyPrefix: string;
  readonly servers: readonly RedisConnection[];
  readonly #slots: Uint16Array;

  constructor({ nodes, slots }: Nodes<RedisConnection>) {
    this.servers = nodes;
    this.keyPrefix = this.#first.keyPrefix;
    this.#slots = slots;
    this.closed = closedTogether(nodes);
  }

  get isOpen(): boolean {
    return this.servers.every((server) => server.isOpen);
  }

  serverOf(key: string): RedisConnection {
    return this.servers[this.#slots[this.#slotOf(key)] as number] as RedisConnection;
  }

  areTogether(key: string, other: string): boolean {
    return key === other || this.#slotOf(key) === this.#slotOf(other);
  }

  call(name: string, ...args: readonly RedisArgument[]): Promise<unknown> {
    return this.#serverFor(name, args).call(name, ...args);
  }

  callBytes(name: string, ...args: readonly RedisArgument[]): Promise<unknown> {
    return this.#serverFor(name, args).callBytes(name, ...args);
  }

  run(script: RedisScript, keys: readonly string[], args: readonly RedisArgument[], before?: () => void): Promise<unknown> {
    return this.serverOf(keys[0] as string).run(script, keys, args, before);
  }

  onMessage(listener: (channel: string, payload: Buffer | readonly Buffer[] | null) => void): void {
    for (const server of this.servers) server.onMessage(listener);
  }

  onPattern(listener: (pattern: string, payload: Buffer) => void): void {
    for (const server of this.servers) server.onPattern(listener);
  }

  holdProcess(holds: boolean): void {
    for (const server of this.servers) server.holdProcess(holds);
  }

  close(reason?: unknown): void {
    for (const server of this.servers) server.close(reason);
  }

  get #first(): RedisConnection {
    return this.servers[0] as RedisConnection;
  }

  #serverFor(name: string, args: readonly RedisArgument[]): RedisConnection {
    return keyless.has(name) ? this.#first : this.serverOf(String(args[0]));
  }

  #slotOf(key: string): number {
    return calculateSlot(this.keyPrefix + key);
  }
}
