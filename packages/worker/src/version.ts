/** The version of this package, for those who look at a worker from outside. */
import { readFileSync } from "node:fs";

export function workerVersion(): string {
  return (JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string }).version;
}
