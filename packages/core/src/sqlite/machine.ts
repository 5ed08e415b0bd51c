/** Which machine a process runs on: the locks of a file hold between processes of one kernel, and between no others. */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";

let known: string | null = null;

/** Linux's number of the running kernel, which containers on it share; elsewhere the host's name. */
export function thisMachine(): string {
  known ??= kernelId() ?? hostname();
  return known;
}

function kernelId(): string | null {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return null;
  }
}
