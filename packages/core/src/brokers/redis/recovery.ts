/** Gives back what a dead incarnation had claimed: fences it, then moves its claims page by page, with their runs counted. */
import type { Clock } from "../../clock.ts";
import { deadLetterQueue, deathOf, deliveriesHeader } from "../../envelope.ts";
import { broadcastOf } from "../../queue-table.ts";
import type { RedisConnection } from "../../redis/connection.ts";
import { isReply } from "../../redis/failure.ts";
import { deadLetter, isReadable } from "./envelope-json.ts";
import { claimsKey, queueOfList, registeredListsKey, sentinelField } from "./keys.ts";
import { purgeList } from "./purge.ts";
import { putOnce } from "./put.ts";
import { headerCount, withHeader } from "./raw-json.ts";
import { scripts } from "./scripts.ts";

export interface RecoveryOptions {
  readonly connection: RedisConnection;
  readonly clock: Clock;
}

const pageClaims = 100;
const pageBytes = 4_000_000;

/**
 * May be repeated, and by another process, after any failure: everything it needs is found again. A list that takes nothing back (its key is
 * somebody else's) does not keep the others from it. Gives how many it moved.
 */
export async function recover(incarnation: string, options: RecoveryOptions): Promise<number> {
  const { connection } = options;
  const lists = (await connection.call("SMEMBERS", registeredListsKey(incarnation))) as string[];
  let moved = 0;
  let refusal: unknown = null;
  for (const list of lists) {
    try {
      moved += await recoverList(list, incarnation, options);
      await connection.call("SREM", registeredListsKey(incarnation), list);
    } catch (error) {
      if (!isReply(error)) throw error;
      refusal ??= error;
    }
  }
  if (refusal !== null) throw refusal;
  return moved;
}

async function recoverList(list: string, incarnation: string, options: RecoveryOptions): Promise<number> {
  const { connection } = options;
  const key = claimsKey(list, incarnation);
  // The fence comes first: nothing can be claimed under this incarnation any more, so what is read now is all there is.
  await connection.call("HDEL", key, sentinelField);
  if (broadcastOf(queueOfList(list)) !== null) {
    // Its copies were for nobody else.
    await connection.call("UNLINK", key);
    await purgeList(list, connection);
    return 0;
  }
  const fields = (await connection.call("HKEYS", key)) as string[];
  const begun = new Set(fields.filter((field) => field.startsWith("b:")).map((field) => field.slice(2)));
  // The newest goes back first, so that the oldest is next in line.
  const numbers = fields.filter((field) => !field.startsWith("b:")).sort((left, right) => Number(right) - Number(left));
  let moved = 0;
  for (const page of await pages(numbers, key, connection)) {
    const raws = (await connection.callBytes("HMGET", key, ...page)) as (Buffer | null)[];
    const args = page.flatMap((n, index) => {
      const raw = raws[index];
      return raw == null ? [] : [n, ...destined(raw, { list, isBegun: begun.has(n), n, incarnation }, options)];
    });
    if (args.length > 0) moved += await moveBack({ list, key, incarnation }, args, connection);
  }
  return moved;
}

interface ClaimHash {
  readonly key: string;
  readonly list: string;
  readonly incarnation: string;
}

/** `args` as `recover.lua` wants them. */
async function moveBack(
  { key, list, incarnation }: ClaimHash,
  args: readonly (string | Buffer)[],
  connection: RedisConnection,
): Promise<number> {
  const letters = deadLetterQueue(queueOfList(list));
  if (connection.areTogether(key, letters)) return (await connection.run(scripts.recover, [key, list, letters], args)) as number;
  const rest = [...args];
  for (let at = 0; at < args.length; at += 3) {
    if (args[at + 1] !== "dead") continue;
    await putOnce(letters, [{ raw: args[at + 2] as Buffer, tag: `${incarnation}.${args[at]}` }], connection);
    rest[at + 1] = "gone";
  }
  return (await connection.run(scripts.recover, [key, list], rest)) as number;
}

/** Numbers in pages that are small enough to be held, whatever the size of the messages. */
async function pages(numbers: readonly string[], key: string, connection: RedisConnection): Promise<readonly (readonly string[])[]> {
  const sizes = await Promise.all(numbers.map((n) => connection.call("HSTRLEN", key, n)));
  const all: string[][] = [];
  let page: string[] = [];
  let bytes = 0;
  for (const [index, n] of numbers.entries()) {
    const size = Number(sizes[index]);
    if (page.length === pageClaims || bytes + size > pageBytes) page = [];
    if (page.length === 0) {
      all.push(page);
      bytes = 0;
    }
    page.push(n);
    bytes += size;
  }
  return all;
}

interface RecoveredClaim {
  readonly list: string;
  readonly isBegun: boolean;
  readonly n: string;
  readonly incarnation: string;
}

/** A first recovery counts every claim; from then on a claim is a suspect, whose run counts only if it was marked begun. */
function destined(raw: Buffer, claim: RecoveredClaim, { clock }: RecoveryOptions): readonly [where: string, raw: Buffer] {
  const text = raw.toString("latin1");
  const count = headerCount(text, deliveriesHeader);
  if (count > 0 && !claim.isBegun) return ["list", raw];
  const counted = withHeader(text, deliveriesHeader, String(count + 1));
  if (counted !== null && isReadable(text)) return ["list", Buffer.from(counted, "latin1")];
  const queue = queueOfList(claim.list);
  const death = deathOf({ reason: "Unreadable: recovered from a dead worker" }, { queue, deliveries: count }, clock.now());
  return ["dead", Buffer.from(deadLetter(text, death, `${claim.incarnation}.${claim.n}`), "latin1")];
}
