/** Processes whose wall clock a test sets: libfaketime stands between them and the machine's. What only goes forward (timers, timeouts) stays as it is. */
import { existsSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface MovedClock {
  /** for the processes that go by this clock */
  readonly environment: NodeJS.ProcessEnv;
  /** From now on these processes are so many seconds ahead of the machine. */
  setAhead(seconds: number): void;
}

/** `directory`: where the clock is kept. */
export function createMovedClock(directory: string): MovedClock {
  const library = faketimeLibrary();
  if (library === null) throw new Error("libfaketime is not installed, and this test needs a clock that it can set");
  const path = join(directory, "clock");
  const clock: MovedClock = {
    environment: {
      // The malloc of libc: Debian's Redis has one of its own, which asks for the time before libfaketime is there to tell it.
      LD_PRELOAD: `${library} libc.so.6`,
      FAKETIME_TIMESTAMP_FILE: path,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      NO_FAKE_STAT: "1",
    },
    setAhead(seconds) {
      // Whoever reads it meanwhile reads the one or the other.
      writeFileSync(`${path}.new`, `+${seconds}`);
      renameSync(`${path}.new`, path);
    },
  };
  clock.setAhead(0);
  return clock;
}

/** Debian's place for it; null: it is not installed. */
export function faketimeLibrary(): string | null {
  for (const folder of readdirSync("/usr/lib").map((name) => join("/usr/lib", name, "faketime"))) {
    const library = join(folder, "libfaketimeMT.so.1");
    if (existsSync(library)) return library;
  }
  return null;
}
