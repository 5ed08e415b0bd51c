/** Waits for a condition that has no event of its own. */

export interface Patience {
  /** Gives up after this long (15 s). Not a measure of speed: generous, so that a loaded machine does not fail. */
  readonly withinMs?: number;
  /** Looks this often (10 ms). */
  readonly everyMs?: number;
}

/** Calls `check` until it neither throws nor returns false, and resolves with what it returned; gives up with what it threw last. */
export async function eventually<T>(check: () => T | Promise<T>, patience: Patience = {}): Promise<T> {
  const { withinMs = 15_000, everyMs = 10 } = patience;
  const giveUpAt = performance.now() + withinMs;
  for (;;) {
    try {
      const result = await check();
      if (result !== false) return result;
      if (performance.now() >= giveUpAt) throw new Error(`Still false after ${withinMs} ms: ${String(check)}`);
    } catch (error) {
      if (performance.now() >= giveUpAt) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
