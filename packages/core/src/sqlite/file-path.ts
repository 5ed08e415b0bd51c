/** From a sqlite:// URL to the file it names; two names of one file give one path, so that a process opens it once. */
import { realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { CeleriacError, ConfigError, reasonOf } from "../errors.ts";

/**
 * "sqlite://./celeriac.db" is relative to the working folder, "sqlite:///var/lib/celeriac.db" absolute. As Celery has it a path begins
 * after three slashes: "db+sqlite:///celeriac.db" is relative, "db+sqlite:////var/lib/celeriac.db" absolute. Throws CONFIG_URL.
 */
export function filePathOf(url: string): string {
  const match = /^db\+sqlite:\/\/\/([^?#]+)$/i.exec(url) ?? /^sqlite:(?:\/\/)?([^?#]+)$/i.exec(url);
  if (match === null) {
    throw new ConfigError("CONFIG_URL", `Expected sqlite://./name.db or sqlite:///folder/name.db, got ${JSON.stringify(url)}`);
  }
  let path: string;
  try {
    path = decodeURIComponent(match[1]!);
  } catch (cause) {
    throw new ConfigError("CONFIG_URL", `${JSON.stringify(url)} holds a broken percent escape`, { cause });
  }
  if (path.endsWith("/") || path === ":memory:") {
    throw new ConfigError("CONFIG_URL", `${JSON.stringify(url)} names no file: processes share a file, e.g. sqlite://./celeriac.db`);
  }
  return resolve(path);
}

/** The same path without symbolic links. The file need not exist, its folder must: else BROKER_UNREACHABLE. */
export function canonicalPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // Not there yet: then its folder decides.
  }
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch (cause) {
    throw new CeleriacError("BROKER_UNREACHABLE", `The folder of ${path} cannot be opened: ${reasonOf(cause)}`, { cause });
  }
}

/** Whether `other` (any URL, or none) names the same SQLite file as `url`. */
export function isSameFile(url: string, other: string | null): boolean {
  if (other === null || !/^(?:db\+)?sqlite:/i.test(other)) return false;
  const [left, right] = [filePathOf(url), filePathOf(other)];
  if (left === right) return true;
  try {
    return canonicalPath(left) === canonicalPath(right);
  } catch {
    // A folder is missing: opening will say so.
    return false;
  }
}
