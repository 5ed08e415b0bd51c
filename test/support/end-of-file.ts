/** What lives as long as a test file and is opened in the midst of it: support files say here how it ends. */
import { afterAll } from "vitest";

const ends: (() => Promise<unknown>)[] = [];

export function atEndOfFile(end: () => Promise<unknown>): void {
  ends.push(end);
}

/** To be called once for each test file, which `setup-file.ts` does. */
export function endWithFile(): void {
  afterAll(() => Promise.all(ends.splice(0).map((end) => end())));
}
