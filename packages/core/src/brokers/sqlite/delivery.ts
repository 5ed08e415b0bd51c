/** One claimed message of the file, from its claim to its one settlement. */
import type { Delivery, Settlement, SettleOutcome } from "../../broker.ts";
import type { Clock } from "../../clock.ts";
import { deathOf, type Envelope } from "../../envelope.ts";
import { BrokerError, PublishError } from "../../errors.ts";
import { StoreError } from "../../sqlite/failure.ts";
import { newPart, newResult } from "../../sqlite/new-result.ts";
import type { ClaimedMessage, OperationFields } from "../../sqlite/operation.ts";
import type { Store } from "../../sqlite/store.ts";
import { deadLetterOf, letterOf } from "./letter.ts";

/** How long a settlement waits in memory before it is tried again on a full disk. */
const fullDiskRetryMs = 500;

/** The claim's side of a delivery: what its consumer knows and can end. */
export interface Claim {
  readonly store: Store;
  readonly clock: Clock;
  /** Aborted when the claim is no longer ours. */
  readonly lost: AbortSignal;
  readonly settlesResults: boolean;
}

export function createDelivery(message: ClaimedMessage, envelope: Envelope, claim: Claim): Delivery {
  const { consumer, id, queue, deliveries, redelivered } = message;
  let done = false;
  return {
    envelope,
    queue,
    deliveries,
    redelivered,
    async begin() {
      if (done || claim.lost.aborted) return "lost";
      if (deliveries === 0) return "settled";
      return await claim.store.run("begin", { consumer, id }).catch(refuse);
    },
    async settle(settlement) {
      if (done || claim.lost.aborted) return "lost";
      const { fields, raws } = settleFields(message, envelope, settlement, claim);
      done = true;
      try {
        const outcome = await settleAtLast(fields, raws, claim);
        // Its chord is to be closed first, and then it is settled again.
        if (outcome === "complete") done = false;
        return outcome;
      } catch (error) {
        done = false;
        throw error;
      }
    },
  };
}

async function settleAtLast(fields: OperationFields<"settle">, raws: readonly Uint8Array[], claim: Claim): Promise<SettleOutcome> {
  for (;;) {
    try {
      return await claim.store.run("settle", fields, raws);
    } catch (error) {
      if (claim.lost.aborted) return "lost";
      if (!(error instanceof StoreError) || error.code !== "STORE_FULL") return refuse(error);
      // The file kept the claim and nothing else: it waits here, holding its place in the read-ahead, until there is room again.
      await claim.clock.sleep(fullDiskRetryMs, claim.lost);
      if (claim.lost.aborted) return "lost";
    }
  }
}

function refuse(cause: unknown): never {
  if (cause instanceof StoreError && cause.code === "PUBLISH_UNROUTABLE") throw new PublishError(cause.code, cause.message, { cause });
  throw new BrokerError("BROKER_REFUSED", `The SQLite file could not be asked: ${String(cause)}`, { cause });
}

function settleFields(message: ClaimedMessage, envelope: Envelope, settlement: Settlement, claim: Claim) {
  const { consumer, id } = message;
  const { results, parts = [], publish, then: disposition } = settlement;
  if (results.length + parts.length > 0 && !claim.settlesResults) {
    throw new BrokerError("BROKER_REFUSED", "This broker settles no results: they are kept elsewhere than in its file");
  }
  const now = claim.clock.now();
  const letters = publish.map(letterOf);
  if (disposition.kind === "deadLetter") letters.push(deadLetterOf(envelope, deathOf(disposition, message, now)));
  const requeue =
    disposition.kind === "requeue"
      ? { due: disposition.afterMs === undefined ? null : now + disposition.afterMs, counted: disposition.counted }
      : null;
  const fields = {
    ...{ consumer, id, requeue },
    results: results.map((result) => newResult(result, now)),
    parts: parts.map((part) => newPart(part, now)),
    publish: letters.map((letter) => letter.message),
  };
  return { fields, raws: letters.map(({ raw }) => raw) };
}
