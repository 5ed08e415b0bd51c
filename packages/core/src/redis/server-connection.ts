/** One connection to one Redis server, from its handshake to its end. */
import { isIP } from "node:net";
import { Redis } from "ioredis";
import type { Timer } from "../clock.ts";
import type { Credentials } from "../credentials.ts";
import { reasonOf } from "../errors.ts";
import { tlsConnectionOptions } from "../tls.ts";
import type { ConnectionOptions, RedisArgument, RedisConnection } from "./connection.ts";
import { isReply, isWrongServer, nodeRefusal, UnsentError } from "./failure.ts";
import { literalGlob } from "./glob.ts";
import type { RedisScript } from "./script.ts";
import type { RedisServer } from "./url.ts";

/** The server's own channel for clients that track keys. */
export const invalidations = "__redis__:invalidate";
const channelCommands: ReadonlySet<string> = new Set(["PUBLISH", "SUBSCRIBE", "UNSUBSCRIBE", "PSUBSCRIBE", "PUNSUBSCRIBE"]);
const connectLimitMs = 3_000;
const handshakeLimitMs = 5_000;
/** Where another server may take this one's place, it is left sooner: work goes on within 5 s of the next one. */
const primaryLimitMs = 2_000;
const primarySilentMs = 3_000;
/** The other side may say good-bye for so long. */
const closeLimitMs = 500;
const defaultSilentMs = 5_000;
/** The watch is taken in steps, so that a loop of ours that stood still is not taken for a silent server. */
const watchSteps = 5;

/** Opens a connection and waits until the server is ready. Rejects with the cause as ioredis, or Node's TLS, tells it, and with CREDENTIALS_FAILED. */
export async function openServer(server: RedisServer, options: ConnectionOptions): Promise<ServerConnection> {
  const given: Partial<Credentials> = (await server.credentials?.()) ?? {};
  const { username = server.username, password = server.password } = given;
  const client = new Redis({
    ...server.address,
    ...(await encryptionOf(server)),
    db: server.db,
    keyPrefix: server.keyPrefix,
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
    lazyConnect: true,
    protocol: 2,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    connectTimeout: connectLimitMs,
    disconnectTimeout: closeLimitMs,
    disableClientInfo: true,
    // It would wait for a server that loads its data, and ask for INFO, which not every user may.
    enableReadyCheck: false,
  });
  let failure: unknown = null;
  client.on("error", (error) => {
    failure ??= error;
  });
  const { silentMs = defaultSilentMs } = options;
  const isReplaceable = server.role !== "any";
  const limitMs = isReplaceable ? primaryLimitMs : handshakeLimitMs;
  const limit = options.clock.after(limitMs, () => {
    failure ??= new Error(`no answer to the handshake within ${limitMs} ms`);
    client.disconnect();
  });
  try {
    await client.connect();
    // An unknown database is only an event to ioredis, which would go on in database 0.
    if (failure !== null) throw failure;
    await greet(client, options.name);
    if (isReplaceable) await checkRole(client);
  } catch (error) {
    client.disconnect();
    // Mostly the event tells why the call was cut off; an answer of the server tells more than either.
    throw isReply(error) ? error : (failure ?? error);
  } finally {
    limit.cancel();
  }
  return new ServerConnection(client, server, {
    ...options,
    silentMs: isReplaceable ? Math.min(silentMs, primarySilentMs) : silentMs,
  });
}

async function encryptionOf({ tls, address }: RedisServer): Promise<{ readonly tls?: object }> {
  if (tls === null) return {};
  // A server that is many by name is told whom we want; an address is no name.
  const named = "host" in address && isIP(address.host) === 0 ? { servername: address.host } : {};
  return { tls: { ...named, ...(await tlsConnectionOptions(tls)) } };
}

/** Asks for a first answer: a server that wants a password, has too many clients or is not ready says so instead. */
async function greet(client: Redis, name: string): Promise<void> {
  await client.ping().catch((error: unknown) => {
    if (!isReply(error) || !error.message.startsWith("NOPERM")) throw error;
  });
  // Only for people who look. Not sent with the first: a write into a connection that was closed hides what the server said.
  await client.client("SETNAME", name.replaceAll(/\s/g, "_")).catch((error: unknown) => {
    if (!isReply(error)) throw error;
  });
}

/** After a failover others may name a server that is no primary any more, and one that was killed may be back before it knows. */
async function checkRole(client: Redis): Promise<void> {
  const role = await client.role().catch((error: unknown) => {
    if (!isReply(error) || !error.message.startsWith("NOPERM")) throw error;
    return null;
  });
  if (role !== null && role[0] !== "master") throw new Error("it is a replica at present, not the primary");
}

/** Counts what is pending, so that it notices a silent server; passes messages of subscriptions on; says when it is gone. */
export class ServerConnection implements RedisConnection {
  readonly closed: Promise<unknown>;
  readonly keyPrefix: string;
  readonly servers: readonly RedisConnection[] = [this];
  readonly #client: Redis;
  readonly #isNode: boolean;
  #holdsProcess: boolean;
  readonly #watch: Timer;
  #open = true;
  #pending = 0;
  #silentSteps = 0;
  #held = true;
  #isGathering = false;
  #reason: unknown = null;

  constructor(client: Redis, { keyPrefix, role }: RedisServer, options: ConnectionOptions) {
    this.#client = client;
    this.keyPrefix = keyPrefix;
    this.#isNode = role === "node";
    this.#holdsProcess = options.holdsProcess;
    const silentMs = options.silentMs ?? defaultSilentMs;
    client.on("error", (error) => {
      this.#reason ??= error;
    });
    this.closed = new Promise((resolve) => {
      client.once("end", () => {
        this.#end();
        resolve(this.#reason ?? new Error("the server closed the connection"));
      });
    });
    client.once("close", () => this.#end());
    this.#watch = options.clock.every(silentMs / watchSteps, () => this.#watchOver(silentMs));
    this.#hold();
  }

  get isOpen(): boolean {
    return this.#open;
  }

  serverOf(): RedisConnection {
    return this;
  }

  areTogether(): boolean {
    return true;
  }

  call(name: string, ...args: readonly RedisArgument[]): Promise<unknown> {
    // ioredis knows what a command does to the connection by its lower-case name only.
    return this.#send(() => this.#client.call(name.toLowerCase(), this.#addressed(name, args) as RedisArgument[]));
  }

  callBytes(name: string, ...args: readonly RedisArgument[]): Promise<unknown> {
    return this.#send(() => this.#client.callBuffer(name.toLowerCase(), args as RedisArgument[]));
  }

  async run(script: RedisScript, keys: readonly string[], args: readonly RedisArgument[], before?: () => void): Promise<unknown> {
    const { sha, source } = script.withPrefix(this.keyPrefix);
    const rest = [keys.length, ...keys, ...args];
    before?.();
    try {
      return await this.#send(() => this.#client.call("evalsha", [sha, ...rest]));
    } catch (error) {
      if (!isReply(error) || !error.message.startsWith("NOSCRIPT")) throw error;
      before?.();
      return await this.#send(() => this.#client.call("eval", [source, ...rest]));
    }
  }

  onMessage(listener: (channel: string, payload: Buffer | readonly Buffer[] | null) => void): void {
    const prefix = Buffer.from(this.keyPrefix);
    const plain = (key: Buffer) => key.subarray(prefix.length);
    this.#client.on("messageBuffer", (channel: Buffer, payload: Buffer | readonly Buffer[] | null) => {
      const isOwn = channel.toString() === invalidations;
      const keys = Array.isArray(payload) ? payload.map(plain) : payload;
      listener(isOwn ? invalidations : plain(channel).toString(), keys);
    });
  }

  onPattern(listener: (pattern: string, payload: Buffer) => void): void {
    this.#client.on("pmessageBuffer", (pattern: string | Buffer, _channel: Buffer, payload: Buffer) =>
      listener(String(pattern).slice(literalGlob(this.keyPrefix).length), payload),
    );
  }

  holdProcess(holds: boolean): void {
    this.#holdsProcess = holds;
    this.#hold();
  }

  close(reason?: unknown): void {
    if (!this.#open) return;
    this.#reason ??= reason ?? new Error("the connection was closed");
    this.#end();
    this.#client.disconnect();
  }

  /** ioredis puts the prefix before keys, not before channels. */
  #addressed(name: string, args: readonly RedisArgument[]): readonly RedisArgument[] {
    if (this.keyPrefix === "" || !channelCommands.has(name)) return args;
    const isChannel = (arg: RedisArgument, at: number) => arg !== invalidations && (at === 0 || name !== "PUBLISH");
    const prefix = /^P(UN)?SUBSCRIBE$/.test(name) ? literalGlob(this.keyPrefix) : this.keyPrefix;
    return args.map((arg, at) => (isChannel(arg, at) ? `${prefix}${arg}` : arg));
  }

  #send(write: () => unknown): Promise<unknown> {
    if (!this.#open) return Promise.reject(new UnsentError(`the connection is gone: ${reasonOf(this.#reason)}`));
    if (this.#pending === 0) this.#silentSteps = 0;
    this.#pending++;
    this.#hold();
    this.#gather();
    return (write() as Promise<unknown>).then(
      (reply) => {
        this.#answered();
        return reply;
      },
      (error: unknown) => {
        this.#answered();
        if (isWrongServer(error)) this.close(error);
        throw this.#isNode ? error : nodeRefusal(error);
      },
    );
  }

  /** What is asked in one go leaves in one write: a system call for each command costs more than the command. */
  #gather(): void {
    if (this.#isGathering) return;
    this.#isGathering = true;
    const { stream } = this.#client;
    stream.cork();
    process.nextTick(() => {
      this.#isGathering = false;
      stream.uncork();
    });
  }

  #answered(): void {
    this.#pending--;
    this.#silentSteps = 0;
    if (this.#pending === 0) this.#hold();
  }

  #watchOver(silentMs: number): void {
    if (this.#pending === 0) return;
    this.#silentSteps++;
    if (this.#silentSteps > watchSteps) this.close(new Error(`the server owes an answer since ${silentMs} ms`));
  }

  /** An idle producer must not keep its process alive; one that waits for an answer must. */
  #hold(): void {
    const held = this.#open && (this.#holdsProcess || this.#pending > 0);
    if (held === this.#held) return;
    this.#held = held;
    if (held) this.#client.stream.ref();
    else this.#client.stream.unref();
  }

  #end(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#watch.cancel();
  }
}
