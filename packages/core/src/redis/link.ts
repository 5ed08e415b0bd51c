/** A connection that is opened on demand and opened anew after it was lost: for callers that ask now and then. */
import type { ConnectionOptions, RedisConnection } from "./connection.ts";
import { openConnection } from "./open-connection.ts";
import type { RedisTarget } from "./url.ts";

export interface LinkOptions extends ConnectionOptions {
  /** Runs on each new connection before anybody may use it; when it rejects, the connection is closed and the attempt has failed. */
  readonly prepare?: (connection: RedisConnection) => Promise<void>;
  /** The error of a link that was closed. */
  readonly closed: () => Error;
}

export interface RedisLink {
  /** The connection, or null while there is none. */
  readonly current: RedisConnection | null;
  /** The connection that is there, or one attempt to open it, shared by all who ask meanwhile. */
  open(): Promise<RedisConnection>;
  /** Safe to call twice; `open` rejects afterwards. */
  close(): void;
}

export function createLink(target: RedisTarget, options: LinkOptions): RedisLink {
  let connection: RedisConnection | null = null;
  let attempt: Promise<RedisConnection> | null = null;
  let isClosed = false;

  async function connect(): Promise<RedisConnection> {
    const opened = await openConnection(target, options);
    try {
      await options.prepare?.(opened);
      if (isClosed) throw options.closed();
    } catch (error) {
      opened.close();
      throw error;
    }
    connection = opened;
    return opened;
  }

  return {
    get current() {
      return connection?.isOpen === true ? connection : null;
    },
    open() {
      if (isClosed) return Promise.reject(options.closed());
      if (connection?.isOpen === true) return Promise.resolve(connection);
      attempt ??= connect().finally(() => {
        attempt = null;
      });
      return attempt;
    },
    close() {
      isClosed = true;
      connection?.close();
    },
  };
}
