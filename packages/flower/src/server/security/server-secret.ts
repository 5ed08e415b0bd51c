/** What sessions are sealed with: kept beside the history, so that who has logged in stays so when the monitor starts again. */
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { ConfigError, reasonOf } from "@celeriac/core/runtime";

/** `path`: null: nothing is kept. A file that is there is read, else made, for this user alone. Throws CONFIG_FILE. */
export function openServerSecret(given: string | null, path: string | null): string {
  if (given !== null) return given;
  const made = randomBytes(32).toString("base64url");
  if (path === null) return made;
  try {
    // Two monitors that start at once on one history agree: one makes the file, the other reads it.
    writeFileSync(path, made, { mode: 0o600, flag: "wx" });
    return made;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw unusable(path, error);
  }
  try {
    const kept = readFileSync(path, "utf8").trim();
    if (kept.length >= 32) return kept;
    // Its maker was ended before it had written.
    writeFileSync(path, made, { mode: 0o600 });
    return made;
  } catch (error) {
    throw unusable(path, error);
  }
}

function unusable(path: string, cause: unknown): ConfigError {
  return new ConfigError(
    "CONFIG_FILE",
    `The secret of sessions cannot be kept in ${path}: ${reasonOf(cause)}; set cookieSecret, or another db`,
    { cause },
  );
}
