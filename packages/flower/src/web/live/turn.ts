/** Of all tabs that show this monitor one holds the stream. Browsers offer a lock for it where a page is trustworthy (https, or this machine). */

/**
 * Calls `begin` when it is this tab's turn, which lasts until what this gives back is called, or the tab is closed. Where there are no locks
 * every tab has its turn at once: `isShared` is false then.
 */
export function waitForTurn(name: string, begin: () => void): () => void {
  if (!isShared) {
    begin();
    return () => {};
  }
  const waiting = new AbortController();
  let release: (() => void) | undefined;
  const held = () => {
    begin();
    return new Promise<void>((resolve) => {
      release = resolve;
    });
  };
  // Rejects only when the wait is called off before the turn came.
  navigator.locks.request(name, { signal: waiting.signal }, held).catch(() => {});
  return () => {
    release?.();
    waiting.abort();
  };
}

export const isShared: boolean = "locks" in navigator && "BroadcastChannel" in globalThis;
