/** Sends settlements: those of one turn of the event loop in one script call per kind, in the order they were made. */
import type { SettleOutcome } from "../../broker.ts";
import type { RedisArgument, RedisConnection } from "../../redis/connection.ts";
import type { RedisDelivery } from "./delivery.ts";
import { scripts } from "./scripts.ts";

/** One operation of `settle.lua`, its name first. */
export type Operation = readonly [name: string, ...args: (string | number | Buffer)[]];

/** A result to be stored, after which the claim is over. */
export interface Completion {
  readonly key: string;
  readonly text: string | Buffer;
  readonly attempt: number;
  /** 0 = for ever */
  readonly ttlMs: number;
}

/** What is to be done with one claim: a plain acknowledgement (null), a result and no more, or whatever it takes, in order. */
export type Plan = null | Completion | readonly Operation[];

export interface ClaimSettlement {
  readonly n: number;
  readonly claimsKey: string;
  readonly plan: Plan;
}

/** A settlement under way: plain fields instead of closures, for there are many. `delivery` null: made by the driver itself. */
export interface Settling extends ClaimSettlement {
  readonly delivery: RedisDelivery | null;
  resolve(outcome: SettleOutcome): void;
  reject(error: unknown): void;
}

export interface SettlerOptions {
  readonly connection: RedisConnection;
  /** databases as `settle.lua` wants them */
  readonly resultsDb: string;
  readonly ownDb: string;
  /** the settlements of a turn have left: what is claimed now comes behind them */
  sent(): void;
  ended(settling: Settling, outcome: SettleOutcome): void;
  /** The server could not be asked, or refused: then the claim stands, unless the answer was lost. */
  failed(settling: Settling, error: unknown): void;
}

/** Most claims, and most bytes (roughly), of one script call: the server serves nobody else meanwhile. */
const batchClaims = 200;
const batchBytes = 1_000_000;

export class Settler {
  readonly #options: SettlerOptions;
  #turn: Settling[] = [];
  #isScheduled = false;

  constructor(options: SettlerOptions) {
    this.#options = options;
  }

  settle(settling: Settling): void {
    this.#turn.push(settling);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.flush());
  }

  /** Sends at once what this turn has gathered. */
  flush(): void {
    this.#isScheduled = false;
    const turn = this.#turn;
    if (turn.length === 0) return;
    this.#turn = [];
    for (const batch of batchesOf(turn, this.#options.connection)) void this.#send(batch);
    this.#options.sent();
  }

  async #send(batch: Batch): Promise<void> {
    const { connection, ended, failed } = this.#options;
    let unsettled: readonly (number | string)[];
    try {
      const { keys, args } = this.#asked(batch);
      unsettled = (await connection.run(scripts[batch.script], keys, args)) as readonly (number | string)[];
    } catch (error) {
      for (const each of batch.settlings) failed(each, error);
      return;
    }
    let next = 0;
    for (const [index, each] of batch.settlings.entries()) {
      if (unsettled[next] !== index + 1) ended(each, "settled");
      else {
        const outcome = unsettled[next + 1];
        next += 2;
        if (typeof outcome === "string") failed(each, refusal(outcome));
        else ended(each, outcome === 2 ? "complete" : "lost");
      }
    }
  }

  #asked({ script, settlings }: Batch): { readonly keys: readonly string[]; readonly args: readonly RedisArgument[] } {
    const { resultsDb, ownDb } = this.#options;
    const { claimsKey, plan: first } = settlings[0] as Settling;
    if (script === "acknowledge") return { keys: [claimsKey], args: settlings.map(({ n }) => n) };
    if (script === "complete") {
      const { attempt, ttlMs } = first as Completion;
      const args: RedisArgument[] = [resultsDb, ownDb, attempt, ttlMs];
      for (const { n, plan } of settlings) args.push(n, (plan as Completion).key, (plan as Completion).text);
      return { keys: [claimsKey], args };
    }
    const keys: string[] = [];
    const args: RedisArgument[] = [resultsDb, ownDb];
    for (const { n, claimsKey: key, plan } of settlings) {
      const operations = plan as readonly Operation[];
      const position = keys.indexOf(key);
      args.push(n, position < 0 ? keys.push(key) : position + 1, operations.length);
      for (const operation of operations) args.push(...operation);
    }
    return { keys, args };
  }
}

/** Settlements of one script call. The scripts that most take serve one claim hash, and results of one kind, at a time. */
interface Batch {
  readonly script: "acknowledge" | "complete" | "settle";
  readonly settlings: Settling[];
  bytes: number;
}

function batchesOf(turn: readonly Settling[], connection: RedisConnection): readonly Batch[] {
  const all: Batch[] = [];
  let batch: Batch | undefined;
  for (const each of turn) {
    // Neighbours mostly are of one kind and come from one list.
    if (batch === undefined || !takes(batch, each, connection)) batch = all.find((other) => takes(other, each, connection));
    if (batch === undefined) {
      batch = { script: scriptOf(each.plan), settlings: [], bytes: 0 };
      all.push(batch);
    }
    batch.settlings.push(each);
    batch.bytes += bytesOf(each.plan);
  }
  return all;
}

function scriptOf(plan: Plan): Batch["script"] {
  if (plan === null) return "acknowledge";
  return isOperations(plan) ? "settle" : "complete";
}

function isOperations(plan: Completion | readonly Operation[]): plan is readonly Operation[] {
  return Array.isArray(plan);
}

function takes({ settlings, bytes }: Batch, { plan, claimsKey }: Settling, connection: RedisConnection): boolean {
  if (settlings.length >= batchClaims || bytes > batchBytes) return false;
  const first = settlings[0] as Settling;
  if (plan === null) return first.plan === null && first.claimsKey === claimsKey;
  if (first.plan === null) return false;
  if (isOperations(plan)) return isOperations(first.plan) && connection.areTogether(first.claimsKey, claimsKey);
  if (isOperations(first.plan)) return false;
  return first.claimsKey === claimsKey && first.plan.attempt === plan.attempt && first.plan.ttlMs === plan.ttlMs;
}

/** Roughly what it takes. */
export function bytesOf(plan: Plan): number {
  if (plan === null) return 0;
  if (!isOperations(plan)) return plan.key.length + plan.text.length;
  let bytes = 0;
  for (const operation of plan) for (const arg of operation) bytes += typeof arg === "number" ? 8 : arg.length;
  return bytes;
}

/** The error of one claim inside a script that went on: it is the server's own answer, like any other. */
function refusal(text: string): Error {
  const error = new Error(text);
  error.name = "ReplyError";
  return error;
}
