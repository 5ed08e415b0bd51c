/** What tasks need to run (database, clients): opened once per process that runs tasks, closed in reverse order at its end. */
import { reasonOf } from "./errors.ts";
import type { Logger } from "./logger.ts";

export interface DepsScope {
  onClose(close: () => unknown): void;
  /** aborts when the process ends */
  readonly signal: AbortSignal;
}

export type DepsOpener = (scope: DepsScope) => unknown;

export interface DepsHolder {
  /** Opens on first use; a failed opening is tried again at the next. */
  get(): Promise<unknown>;
  close(): Promise<void>;
}

export function createDepsHolder(opener: () => DepsOpener | undefined, logger: () => Logger): DepsHolder {
  const ending = new AbortController();
  const closers: (() => unknown)[] = [];
  let opened: Promise<unknown> | null = null;

  async function closeAll(): Promise<void> {
    for (const close of closers.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        logger().warn("closing a dependency failed", { reason: reasonOf(error) });
      }
    }
  }

  return {
    get() {
      opened ??= (async () => {
        try {
          return (await opener()?.({ onClose: (close) => closers.push(close), signal: ending.signal })) ?? {};
        } catch (error) {
          opened = null;
          await closeAll();
          throw error;
        }
      })();
      return opened;
    },
    async close() {
      ending.abort();
      await opened?.catch(() => {});
      await closeAll();
    },
  };
}
