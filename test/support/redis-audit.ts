/** Holds every key of a Redis database against the key table: named once, of its type, with a time to live where the table says one. */
import type { Redis } from "ioredis";
import { readKeyTable } from "./key-table.ts";

export interface RedisAudit {
  readonly keys: readonly string[];
  /** what breaks the table, in words */
  readonly problems: readonly string[];
  /** pattern → how many keys it names */
  readonly counts: ReadonlyMap<string, number>;
  /** those that keys belong to */
  readonly incarnations: ReadonlySet<string>;
}

interface FoundKey {
  readonly name: string;
  readonly type: string;
  /** ms; -1 = lives for ever */
  readonly ttl: number;
}

/** May run while others work: what goes while it looks is passed over. */
export async function auditRedis(client: Redis, queues: readonly string[]): Promise<RedisAudit> {
  const table = readKeyTable("Redis", queues);
  const problems: string[] = [];
  const counts = new Map<string, number>();
  const incarnations = new Set<string>();
  const found = await foundKeys(client);
  for (const { name, type, ttl } of found) {
    const shown = JSON.stringify(name);
    const [match, ...others] = table.matches(name);
    if (match === undefined || others.length > 0) {
      problems.push(`${shown} (${type}) is named by ${match === undefined ? "no row" : `${1 + others.length} rows`}`);
      continue;
    }
    const { pattern, type: wanted, owner, ttlMs } = match.row;
    counts.set(pattern, (counts.get(pattern) ?? 0) + 1);
    if (match.incarnation !== null) incarnations.add(match.incarnation);
    if (type !== wanted) problems.push(`${shown} is a ${type}, the table says ${wanted}`);
    if (owner === "") problems.push(`${shown} has no owner`);
    if (ttlMs === null ? ttl !== -1 : ttl < 0 || ttl > ttlMs) problems.push(`${shown} lives ${ttl} ms more, the table says ${ttlMs}`);
  }
  return { keys: found.map(({ name }) => name), problems, counts, incarnations };
}

async function foundKeys(client: Redis): Promise<readonly FoundKey[]> {
  const names = new Set<string>();
  for await (const page of client.scanStream({ count: 1_000 })) for (const name of page as string[]) names.add(name);
  const asked = [...names];
  const questions = client.pipeline();
  for (const name of asked) questions.type(name).pttl(name);
  const answers = ((await questions.exec()) ?? []).map(([error, answer]) => {
    if (error !== null) throw error;
    return answer;
  });
  return asked
    .map((name, index) => ({ name, type: String(answers[2 * index]), ttl: Number(answers[2 * index + 1]) }))
    .filter(({ type, ttl }) => type !== "none" && ttl !== -2);
}
