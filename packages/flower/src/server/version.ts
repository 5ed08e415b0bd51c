/** The version of this package, for those who look at a monitor from outside. */
import { readFileSync } from "node:fs";

export function monitorVersion(): string {
  return (JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { readonly version: string }).version;
}
