/** Sends settlements: those of one turn of the event loop in one script call per kind, in the order they were made. */
import type { SettleOutcome } from "../../broker.ts";
import type { RedisConnection } from "../../redis/connection.ts";
import type { RedisDelivery } from "./delivery.ts";
import { scripts } from "./scripts.ts";

/** One operation of `settle.lua`, its name first; or `complete` with what `complete.lua` takes, alone. */
export type Operation = readonly [name: string, ...args: (string | number | Buffer)[]];

/** What is to be done with one claim. `operations` null: acknowledged, never begun, and nothing follows. */
export interface ClaimSettlement {
  readonly n: number;
  readonly claimsKey: string;
  readonly operations: readonly Operation[] | null;
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
    for (const batch of batchesOf(turn)) void this.#send(batch);
    this.#options.sent();
  }

  async #send(batch: Batch): Promise<void> {
    const { connection, ended, failed } = this.#options;
    let unsettled: readonly (number | string)[];
    try {
      const { keys, args } = this.#asked(batch);
      unsettled = (await connection.run(scripts[batch.kind], keys, args)) as readonly (number | string)[];
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
        else ended(each, "lost");
      }
    }
  }

  /** What a script is called with, after its head. */
  #asked({ kind, claimsKey, settlings }: Batch): { readonly keys: readonly string[]; readonly args: readonly Operation[number][] } {
    if (kind === "acknowledge") return { keys: [claimsKey], args: settlings.map(({ n }) => n) };
    const keys: string[] = [];
    const args: Operation[number][] = [this.#options.resultsDb, this.#options.ownDb];
    if (kind === "complete") {
      for (const { n, operations } of settlings) for (const [, ...stored] of operations ?? []) args.push(n, ...stored);
      return { keys: [claimsKey], args };
    }
    for (const { n, claimsKey: key, operations } of settlings) {
      const position = keys.indexOf(key);
      args.push(n, position < 0 ? keys.push(key) : position + 1, operations?.length ?? 0);
      for (const operation of operations ?? []) args.push(...operation);
    }
    return { keys, args };
  }
}

/** The scripts a settlement may take: the two that most take serve one claim hash at a time. */
type Kind = "acknowledge" | "complete" | "settle";

/** Settlements of one script call. */
interface Batch {
  readonly kind: Kind;
  readonly claimsKey: string;
  readonly settlings: Settling[];
  bytes: number;
}

function batchesOf(turn: readonly Settling[]): readonly Batch[] {
  const all: Batch[] = [];
  let batch: Batch | undefined;
  for (const each of turn) {
    const kind = kindOf(each);
    // Neighbours mostly are of one kind and come from one list.
    if (batch === undefined || !takes(batch, kind, each)) batch = all.find((other) => takes(other, kind, each));
    if (batch === undefined) {
      batch = { kind, claimsKey: each.claimsKey, settlings: [], bytes: 0 };
      all.push(batch);
    }
    batch.settlings.push(each);
    batch.bytes += bytesOf(each);
  }
  return all;
}

function kindOf({ operations }: ClaimSettlement): Kind {
  if (operations === null) return "acknowledge";
  return operations[0]?.[0] === "complete" ? "complete" : "settle";
}

function takes(batch: Batch, kind: Kind, { claimsKey }: ClaimSettlement): boolean {
  const fits = batch.kind === kind && (kind === "settle" || batch.claimsKey === claimsKey);
  return fits && batch.settlings.length < batchClaims && batch.bytes <= batchBytes;
}

/** Roughly what its operations take. */
export function bytesOf({ operations }: ClaimSettlement): number {
  let bytes = 0;
  if (operations !== null)
    for (const operation of operations) for (const arg of operation) bytes += typeof arg === "number" ? 8 : arg.length;
  return bytes;
}

/** The error of one claim inside a script that went on: it is the server's own answer, like any other. */
function refusal(text: string): Error {
  const error = new Error(text);
  error.name = "ReplyError";
  return error;
}
