/** Waits for assertions: `eventually` for checks that say yes by not throwing. */
import { eventually } from "./eventually.ts";

/** Calls `check` until it does not throw; else rejects with its last failure. */
export async function eventuallyPasses(check: () => unknown, patience: Parameters<typeof eventually>[1] = {}): Promise<void> {
  await eventually(async () => {
    await check();
    return true;
  }, patience);
}
