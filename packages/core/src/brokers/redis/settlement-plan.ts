/** Plans a settlement: what the scripts do for one claim, in the order in which they must happen: result, what follows, the claim's end. */
import type { Disposition, Publication, Settlement } from "../../broker.ts";
import type { Clock } from "../../clock.ts";
import { deadLetterQueue, deliveriesHeader } from "../../envelope.ts";
import type { RedisConnection } from "../../redis/connection.ts";
import { resultArguments, resultKey } from "../../redis/result-record.ts";
import { boundMembers } from "./bindings.ts";
import type { RedisDelivery } from "./delivery.ts";
import { deadLetter } from "./envelope-json.ts";
import { delayKey, listOf } from "./keys.ts";
import { channelOf, type Exchanges, encodePublication, place, routedQueues, tripleSuffix } from "./publication-route.ts";
import { withHeader } from "./raw-json.ts";
import type { Completion, Operation } from "./settler.ts";
import { guardMs } from "./timing.ts";

export interface PlanContext {
  readonly connection: RedisConnection;
  readonly incarnation: string;
  readonly clock: Clock;
  readonly exchanges: Exchanges;
}

/** The hot path: nothing is published, and there is no mark of a begun run to remove. */
export function isCompletion({ deliveries }: RedisDelivery, { publish, then }: Settlement): boolean {
  return then.kind === "acknowledge" && publish.length === 0 && deliveries === 0;
}

export function planCompletion({ result }: Settlement): Completion | null {
  if (result === undefined) return null;
  const [text, attempt, ttlMs] = resultArguments(result);
  return { key: resultKey(result.taskId), text, attempt, ttlMs };
}

/** Operations for one claim. `"lost"`: its message is not claimed any more. Rejects like the server's answers, or with PUBLISH_UNROUTABLE. */
export async function planSettlement(
  delivery: RedisDelivery,
  settlement: Settlement,
  context: PlanContext,
): Promise<readonly Operation[] | "lost"> {
  const { result, publish, then } = settlement;
  const operations: Operation[] = [];
  if (result !== undefined) operations.push(["result", resultKey(result.taskId), ...resultArguments(result)]);
  for (const publication of publish) operations.push(...(await followUp(publication, context)));
  const end = await ending(delivery, then, context);
  if (end === "lost") return "lost";
  return [...operations, ...end];
}

async function followUp(publication: Publication, context: PlanContext): Promise<readonly Operation[]> {
  const channel = channelOf(publication, context.exchanges);
  if (channel !== null) return [["tell", channel, encodePublication(publication)]];
  const operations: Operation[] = [];
  for (const queue of await routedQueues(publication, context.connection, context.exchanges)) {
    const { named, list, raw, guardKey, parked } = place(publication, queue, context.clock.now());
    if (named !== null) operations.push(...bound(named, context));
    if (parked !== null) operations.push(["park", guardKey, guardMs, parked.delayKey, parked.tag, parked.dueAt, raw, parked.suffix]);
    else operations.push(guardKey === "" ? ["push", list, raw] : ["once", guardKey, guardMs, list, raw]);
  }
  return operations;
}

function bound(queue: string, { exchanges }: PlanContext): readonly Operation[] {
  return boundMembers(exchanges.queues.declaration(queue)).map(({ key, member }) => ["bind", key, member]);
}

async function ending(delivery: RedisDelivery, then: Disposition, context: PlanContext): Promise<readonly Operation[] | "lost"> {
  if (then.kind === "acknowledge") return [["ack"]];
  if (then.kind === "requeue" && !then.counted) return [requeued(delivery, then.afterMs, { raw: "", context })];
  const { claimsKey } = delivery.place;
  const stored = (await context.connection.callBytes("HGET", claimsKey, String(delivery.n))) as Buffer | null;
  if (stored === null) return "lost";
  const raw = stored.toString("latin1");
  if (then.kind === "requeue") {
    const counted = withHeader(raw, deliveriesHeader, String(delivery.deliveries + 1)) ?? raw;
    return [requeued(delivery, then.afterMs, { raw: Buffer.from(counted, "latin1"), context })];
  }
  const death = { reason: then.reason, queue: delivery.queue, at: context.clock.now() };
  const queue = deadLetterQueue(delivery.queue);
  const letter = Buffer.from(deadLetter(raw, death, claimTag(delivery, context)), "latin1");
  return [...bound(queue, context), ["dead", listOf(queue, 0), letter]];
}

/** `raw` "" = as it was claimed. */
function requeued(
  delivery: RedisDelivery,
  afterMs: number | undefined,
  { raw, context }: { readonly raw: Buffer | ""; readonly context: PlanContext },
): Operation {
  const { list, queue } = delivery.place;
  if (afterMs === undefined || afterMs <= 0) return ["head", list, raw];
  return ["delay", delayKey(list), claimTag(delivery, context), Math.ceil(afterMs), raw, tripleSuffix(queue)];
}

/** Unlike the producer's tag, which any stranger may have chosen twice, no other message has this one. */
function claimTag(delivery: RedisDelivery, { incarnation }: PlanContext): string {
  return `${incarnation}.${delivery.n}`;
}
