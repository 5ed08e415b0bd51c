/** What hooks have opened in one process: each connection once, for all tasks that run there, until whoever owns the process closes them. */
import { CeleriacError, type Clock, type Logger, reasonOf } from "@celeriac/core/runtime";
import type { Connection } from "../connections/connection.ts";

export interface HookDefinition<T> {
  /** of the connections that it opens, as Airflow names them */
  readonly types: readonly string[];
  open(connection: Connection): T | Promise<T>;
  close(client: T): unknown;
}

export interface OpenHooks {
  /**
   * The client of this connection: that which is open, or a new one, where its fields have changed as well. What could not be opened is tried again by
   * whoever asks next. Throws DAG_HOOK_TYPE, DAG_HOOK_OUTSIDE once it is closed, and what `open` throws.
   */
  use<T>(hook: HookDefinition<T>, connection: Connection): Promise<T>;
  /** The last one first. Never rejects, and waits 5 s at most for what does not end. */
  close(): Promise<void>;
}

const closeLimitMs = 5_000;

interface Opened {
  readonly id: string;
  close(): Promise<void>;
}

export function createOpenHooks({ clock, logger }: { readonly clock: Clock; readonly logger: Logger }): OpenHooks {
  const clients = new Map<object, Map<string, Promise<unknown>>>();
  const opened: Opened[] = [];
  let isClosed = false;

  async function open<T>(hook: HookDefinition<T>, connection: Connection): Promise<T> {
    const client = await hook.open(connection);
    opened.push({ id: connection.id, close: async () => void (await hook.close(client)) });
    return client;
  }

  async function closeAll(): Promise<void> {
    for (const clientsOfHook of clients.values()) await Promise.allSettled(clientsOfHook.values());
    for (const { id, close } of opened.splice(0).reverse())
      await close().catch((error: unknown) => logger.warn("a connection could not be closed", { connection: id, reason: reasonOf(error) }));
  }

  return {
    async use<T>(hook: HookDefinition<T>, connection: Connection) {
      if (isClosed)
        throw new CeleriacError("DAG_HOOK_OUTSIDE", `Connection ${connection.id}: what opens it has been closed with its process`);
      refuseOther(hook.types, connection);
      const known = clients.get(hook) ?? new Map<string, Promise<unknown>>();
      clients.set(hook, known);
      const key = JSON.stringify(connection);
      const opening = (known.get(key) as Promise<T> | undefined) ?? open(hook, connection);
      known.set(key, opening);
      try {
        return await opening;
      } catch (error) {
        if (known.get(key) === opening) known.delete(key);
        throw error;
      }
    },
    async close() {
      isClosed = true;
      const over = new AbortController();
      const late = clock.sleep(closeLimitMs, over.signal).then(() => over.signal.aborted || logger.warn("connections do not close"));
      await Promise.race([closeAll(), late]);
      over.abort();
    },
  };
}

/** A connection that does not say what it is will do. */
function refuseOther(types: readonly string[], { id, type }: Connection): void {
  if (types.length === 0 || type === "generic" || types.includes(type)) return;
  throw new CeleriacError("DAG_HOOK_TYPE", `Connection ${id} is of the type ${type}: expected ${types.join(" or ")}`);
}
