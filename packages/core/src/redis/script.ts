/** Lua scripts that lie as files beside their driver: read when first used, sent by their hash, and in full to a server that does not know them. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

export interface RedisScript {
  readonly source: string;
  /** SHA-1 of the source, as EVALSHA wants it */
  readonly sha: string;
}

/**
 * The script in `files`, joined in order (functions first), relative to the module `from` (its import.meta.url).
 * Nothing is read before the first look at it.
 */
export function redisScript(from: string, ...files: readonly string[]): RedisScript {
  let read: RedisScript | null = null;
  const load = () => {
    if (read === null) {
      const source = files.map((file) => readFileSync(new URL(file, from), "utf8")).join("\n");
      read = { source, sha: createHash("sha1").update(source).digest("hex") };
    }
    return read;
  };
  return {
    get source() {
      return load().source;
    },
    get sha() {
      return load().sha;
    },
  };
}
