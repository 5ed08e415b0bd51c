/** Lua scripts that lie as files beside their driver: read when first used, sent by their hash, and in full to a server that does not know them. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

export interface RedisScript {
  /** The script for keys that begin with `prefix`: what it makes up itself, and is not given among KEYS, it writes as PREFIX .. key. */
  readonly withPrefix: (prefix: string) => PreparedScript;
}

export interface PreparedScript {
  readonly source: string;
  /** SHA-1 of the source, as EVALSHA wants it */
  readonly sha: string;
}

/**
 * The script in `files`, joined in order (functions first), relative to the module `from` (its import.meta.url).
 * Nothing is read before the first look at it.
 */
export function redisScript(from: string, ...files: readonly string[]): RedisScript {
  const prepared = new Map<string, PreparedScript>();
  return {
    withPrefix(prefix) {
      const known = prepared.get(prefix);
      if (known !== undefined) return known;
      const parts = files.map((file) => readFileSync(new URL(file, from), "utf8"));
      const source = [`local PREFIX = ${luaText(prefix)}`, ...parts].join("\n");
      const script = { source, sha: createHash("sha1").update(source).digest("hex") };
      prepared.set(prefix, script);
      return script;
    },
  };
}

/** As Lua reads it, whatever is in it. */
function luaText(text: string): string {
  return `'${[...Buffer.from(text)].map((byte) => `\\${String(byte).padStart(3, "0")}`).join("")}'`;
}
