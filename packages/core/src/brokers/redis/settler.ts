/** Sends settlements: those of one turn of the event loop in one script call per kind, in the order they were made. */
import type { SettleOutcome } from "../../broker.ts";
import type { RedisConnection } from "../../redis/connection.ts";
import type { RedisDelivery } from "./delivery.ts";
import { scripts } from "./scripts.ts";

/** One operation of `settle.lua`, its name first. */
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
    const waiting = this.#turn;
    if (waiting.length === 0) return;
    this.#turn = [];
    const plain = new Map<string, Settling[]>();
    const others: Settling[] = [];
    let batch: Settling[] = [];
    let batchKey = "";
    for (const each of waiting) {
      if (each.operations !== null) others.push(each);
      else {
        // Neighbours mostly come from one list.
        if (each.claimsKey !== batchKey) {
          batchKey = each.claimsKey;
          batch = plain.get(batchKey) ?? [];
          plain.set(batchKey, batch);
        }
        batch.push(each);
      }
    }
    for (const [key, all] of plain) for (const part of parts(all)) void this.#acknowledge(key, part);
    for (const part of parts(others)) void this.#settle(part);
    this.#options.sent();
  }

  async #acknowledge(claimsKey: string, batch: readonly Settling[]): Promise<void> {
    const numbers = batch.map(({ n }) => n);
    const lost = await this.#ask(batch, () => this.#options.connection.run(scripts.acknowledge, [claimsKey], numbers));
    if (lost === null) return;
    for (let index = 0; index < batch.length; index++) {
      const isLost = lost.length > 0 && lost.includes(index + 1);
      this.#options.ended(batch[index] as Settling, isLost ? "lost" : "settled");
    }
  }

  async #settle(batch: readonly Settling[]): Promise<void> {
    const keys: string[] = [];
    const args: (string | number | Buffer)[] = [this.#options.resultsDb, this.#options.ownDb];
    for (const { n, claimsKey, operations } of batch) {
      const position = keys.indexOf(claimsKey);
      args.push(n, position < 0 ? keys.push(claimsKey) : position + 1, operations?.length ?? 0);
      for (const operation of operations ?? []) args.push(...operation);
    }
    const reply = await this.#ask(batch, () => this.#options.connection.run(scripts.settle, keys, args));
    if (reply === null) return;
    for (const [index, each] of batch.entries()) {
      const outcome = reply[index];
      if (typeof outcome === "string") this.#options.failed(each, refusal(outcome));
      else this.#options.ended(each, outcome === 1 ? "settled" : "lost");
    }
  }

  /** The reply, or null when the whole batch failed. */
  async #ask(batch: readonly Settling[], question: () => Promise<unknown>): Promise<readonly (number | string)[] | null> {
    try {
      return (await question()) as readonly (number | string)[];
    } catch (error) {
      for (const each of batch) this.#options.failed(each, error);
      return null;
    }
  }
}

/** The error of one claim inside a script that went on: it is the server's own answer, like any other. */
function refusal(text: string): Error {
  const error = new Error(text);
  error.name = "ReplyError";
  return error;
}

function parts(waiting: readonly Settling[]): readonly (readonly Settling[])[] {
  const all: Settling[][] = [];
  let part: Settling[] = [];
  let bytes = 0;
  for (const each of waiting) {
    if (part.length === batchClaims || bytes > batchBytes) {
      part = [];
      bytes = 0;
    }
    if (part.length === 0) all.push(part);
    part.push(each);
    for (const operation of each.operations ?? []) for (const arg of operation) bytes += typeof arg === "number" ? 8 : arg.length;
  }
  return all;
}
