/**
 * Knows when a test's world is at rest: when nothing happens in it any more unless its time passes. What runs may wait for something real, a file or
 * an answer, and is waited for; or for the world's own time, as a task that hangs until its limit, and then waiting for it would never end.
 */
import { CeleriacError, systemClock } from "@celeriac/core/runtime";

export interface Rest {
  /** runs in user code */
  readonly running: number;
  /** A run begins. Gives what says that it has ended, which may be said twice. */
  began(): () => void;
  /** A run was told something, and may do anything now. */
  stirred(): void;
  /** Resolves at rest. Throws TEST_STUCK when something keeps the event loop turning for ever. */
  settle(): Promise<void>;
}

/** How long something real may show no sign of going on, before it passes for one that waits for the world's time. */
const silentLimitMs = 1_000;
/** As long for work that the event loop does not show: zlib, crypto and the like. */
const unseenLimitMs = 50;
/** A world that turns more often without coming to rest never will. */
const mostTurns = 100_000;

export function createRest(): Rest {
  let running = 0;
  /** how often a run has begun, was stirred, or has ended */
  let changes = 0;
  /** `changes` when those that run were last found to wait for the world's time */
  let waitingSince = -1;
  /** what keeps the event loop alive while nothing runs: a test's own servers and connections */
  let usual = census();

  /** false: nothing real goes on. */
  async function sawSign(): Promise<boolean> {
    const before = changes;
    let seen = census();
    let silentSince = systemClock.monotonic();
    for (;;) {
      const silentMs = systemClock.monotonic() - silentSince;
      if (silentMs >= (exceeds(seen, usual) ? silentLimitMs : unseenLimitMs)) return false;
      await systemClock.sleep(1);
      await stillness();
      if (changes !== before) return true;
      const now = census();
      if (exceeds(now, seen) || exceeds(seen, now)) silentSince = systemClock.monotonic();
      seen = now;
    }
  }

  return {
    get running() {
      return running;
    },
    began() {
      let hasEnded = false;
      running++;
      changes++;
      return () => {
        if (hasEnded) return;
        hasEnded = true;
        running--;
        changes++;
      };
    },
    stirred() {
      changes++;
    },
    async settle() {
      await stillness();
      while (running > 0 && waitingSince !== changes) {
        const before = changes;
        if (!(await sawSign())) waitingSince = before;
      }
      if (running === 0) usual = census();
    },
  };
}

/** Resolves when no promise and no turn of the event loop has anything left to do. */
async function stillness(): Promise<void> {
  for (let turns = 0; turns < mostTurns; turns++) {
    // Behind it no promise can settle any more by itself.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    if (!process.getActiveResourcesInfo().includes("Immediate")) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new CeleriacError("TEST_STUCK", "The test never comes to rest: something calls setImmediate() on and on");
}

type Census = ReadonlyMap<string, number>;

/** What keeps the event loop alive, and how many of each. */
function census(): Census {
  const counts = new Map<string, number>();
  for (const name of process.getActiveResourcesInfo()) if (name !== "Immediate") counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** Is there more of anything in `one` than in `other`? */
function exceeds(one: Census, other: Census): boolean {
  return [...one].some(([name, count]) => count > (other.get(name) ?? 0));
}
