/** By how much a due time is sent later, by chance: the same for every beat that looks at it. Pure. */
import { createHash } from "node:crypto";
import type { EntryDefinition } from "@celeriac/core/runtime";

/** 0 to the entry's jitter, ms. */
export function jitterOf({ name, jitterMs }: Pick<EntryDefinition, "name" | "jitterMs">, dueAt: number): number {
  if (jitterMs === 0) return 0;
  const share = createHash("sha1").update(`${name} ${dueAt}`).digest().readUInt32BE(0) / 2 ** 32;
  return Math.floor(share * (jitterMs + 1));
}
