/** Plans a settlement: what the scripts do for one claim, in the order in which they must happen: result, what follows, the claim's end. */
import type { ChordEnd, Disposition, Publication, Settlement } from "../../broker.ts";
import type { Clock } from "../../clock.ts";
import { deadLetterQueue, deathOf, deliveriesHeader } from "../../envelope.ts";
import { chordKey, chordTtl, partArguments } from "../../redis/chord-keys.ts";
import type { RedisConnection } from "../../redis/connection.ts";
import { resultArguments, resultKey } from "../../redis/result-record.ts";
import { boundMembers } from "./bindings.ts";
import type { RedisDelivery } from "./delivery.ts";
import { deadLetter } from "./envelope-json.ts";
import { listOf, publishedKey } from "./keys.ts";
import { parkingKeys } from "./parking.ts";
import { channelOf, type Exchanges, encodePublication, type Placement, place, routedQueues, tripleSuffix } from "./publication-route.ts";
import { put, putOnce } from "./put.ts";
import { withHeader } from "./raw-json.ts";
import type { Completion, Operation } from "./settler.ts";
import { guardMs } from "./timing.ts";

export interface PlanContext {
  readonly connection: RedisConnection;
  readonly incarnation: string;
  readonly clock: Clock;
  readonly exchanges: Exchanges;
}

/** The hot path: nothing is published, there is one result at most, no chord and no mark of a begun run to remove. */
export function isCompletion({ deliveries }: RedisDelivery, { results, parts, publish, then }: Settlement): boolean {
  return then.kind === "acknowledge" && publish.length === 0 && results.length <= 1 && deliveries === 0 && parts === undefined;
}

export function planCompletion({ results: [result] }: Settlement): Completion | null {
  if (result === undefined) return null;
  const [text, attempt, ttlMs] = resultArguments(result);
  return { key: resultKey(result.taskId), text, attempt, ttlMs };
}

/** What is written elsewhere before, and the operations for the claim itself. */
export interface SettlementPlan {
  /** on a cluster: what lies with another node than the claim */
  readonly before: readonly Following[];
  readonly operations: readonly Operation[];
}

/** One thing that follows from a settlement. */
export interface Following {
  /** where it is written; null: anywhere */
  readonly key: string | null;
  /** within the settlement's script */
  readonly operation: Operation;
  /** by itself */
  write(): Promise<unknown>;
}

/** `"lost"`: its message is not claimed any more. Rejects like the server's answers, or with PUBLISH_UNROUTABLE. */
export async function planSettlement(
  delivery: RedisDelivery,
  settlement: Settlement,
  context: PlanContext,
): Promise<SettlementPlan | "lost"> {
  const { results, parts = [], publish, then } = settlement;
  const { connection } = context;
  const end = await ending(delivery, then, context);
  if (end === "lost") return "lost";
  const following: Following[] = [];
  for (const publication of publish) following.push(...(await followUps(publication, context)));
  following.push(...end.following);
  const isBeside = ({ key }: Following) => key === null || connection.areTogether(key, delivery.place.claimsKey);
  const operations: Operation[] = [];
  for (const result of results) operations.push(["result", resultKey(result.taskId), ...resultArguments(result)]);
  for (const part of parts) operations.push(["part", chordKey(part.chordId, false), ...partArguments(part), chordTtl(part.expiresMs)]);
  operations.push(...following.filter(isBeside).map(({ operation }) => operation), end.last);
  return { before: following.filter((each) => !isBeside(each)), operations };
}

/** Where results and queues share a server: what `close-chord.lua` does. Rejects as `planSettlement`. */
export async function planChordEnd(
  { results, publish }: ChordEnd,
  context: Omit<PlanContext, "incarnation">,
): Promise<readonly Operation[]> {
  const stored = results.map((result): Operation => ["result", resultKey(result.taskId), ...resultArguments(result)]);
  const following = await Promise.all(publish.map((publication) => followUps(publication, context)));
  return [...stored, ...following.flat().map(({ operation }) => operation)];
}

async function followUps(publication: Publication, context: Omit<PlanContext, "incarnation">): Promise<readonly Following[]> {
  const { connection, exchanges, clock } = context;
  const channel = channelOf(publication, exchanges);
  if (channel !== null) {
    const raw = encodePublication(publication);
    return [{ key: null, operation: ["tell", channel, raw], write: () => connection.call("PUBLISH", channel, raw) }];
  }
  const following: Following[] = [];
  for (const queue of await routedQueues(publication, connection, exchanges)) {
    const placement = place(publication, queue, clock.now());
    if (placement.named !== null) following.push(...bound(placement.named, context));
    // By itself it may be written and the claim stand: the settlement is made again then, with the same tags.
    const guarded = { ...placement, isGuarded: placement.tag !== "" };
    following.push({ key: placement.list, operation: operationOf(placement, context), write: () => put([guarded], connection) });
  }
  return following;
}

function operationOf({ list, raw, tag, isGuarded, parked }: Placement, { connection }: Pick<PlanContext, "connection">): Operation {
  if (!isGuarded && parked === null) return ["push", list, raw];
  const guard = [publishedKey(list, tag), isGuarded ? guardMs : ""] as const;
  if (parked === null) return ["once", ...guard, list, raw];
  return ["park", ...guard, ...parkingArguments(list, connection), parked.tag, parked.dueAt, raw, parked.suffix];
}

/** As `settle.lua` wants them: '' = no index. */
function parkingArguments(list: string, connection: RedisConnection): readonly [string, string, string] {
  const [dueAt, messages, index = ""] = parkingKeys(list, connection);
  return [dueAt, messages, index];
}

function bound(queue: string, { connection, exchanges }: Pick<PlanContext, "connection" | "exchanges">): readonly Following[] {
  return boundMembers(exchanges.queues.declaration(queue)).map(({ key, member }) => ({
    key,
    operation: ["bind", key, member],
    write: () => connection.call("SADD", key, member),
  }));
}

/** How a claim ends, behind all that follows. */
interface PlannedEnd {
  readonly following: readonly Following[];
  readonly last: Operation;
}

async function ending(delivery: RedisDelivery, then: Disposition, context: PlanContext): Promise<PlannedEnd | "lost"> {
  if (then.kind === "acknowledge") return { following: [], last: ["ack"] };
  if (then.kind === "requeue" && !then.counted) return { following: [], last: requeued(delivery, then.afterMs, { raw: "", context }) };
  const { claimsKey } = delivery.place;
  const stored = (await context.connection.callBytes("HGET", claimsKey, String(delivery.n))) as Buffer | null;
  if (stored === null) return "lost";
  const raw = stored.toString("latin1");
  if (then.kind === "requeue") {
    const counted = withHeader(raw, deliveriesHeader, String(delivery.deliveries + 1)) ?? raw;
    return { following: [], last: requeued(delivery, then.afterMs, { raw: Buffer.from(counted, "latin1"), context }) };
  }
  const death = deathOf(then, delivery, context.clock.now());
  const queue = deadLetterQueue(delivery.queue);
  const [list, tag] = [listOf(queue, 0), claimTag(delivery, context)];
  const letter = Buffer.from(deadLetter(raw, death, tag), "latin1");
  const put: Following = {
    key: list,
    operation: ["push", list, letter],
    write: () => putOnce(list, [{ raw: letter, tag }], context.connection),
  };
  return { following: [...bound(queue, context), put], last: ["ack"] };
}

/** `raw` "" = as it was claimed. */
function requeued(
  delivery: RedisDelivery,
  afterMs: number | undefined,
  { raw, context }: { readonly raw: Buffer | ""; readonly context: PlanContext },
): Operation {
  const { list, queue } = delivery.place;
  if (afterMs === undefined || afterMs <= 0) return ["head", list, raw];
  return [
    "delay",
    ...parkingArguments(list, context.connection),
    claimTag(delivery, context),
    Math.ceil(afterMs),
    raw,
    tripleSuffix(queue),
  ];
}

/** Unlike the producer's tag, which any stranger may have chosen twice, no other message has this one. */
function claimTag(delivery: RedisDelivery, { incarnation }: PlanContext): string {
  return `${incarnation}.${delivery.n}`;
}
