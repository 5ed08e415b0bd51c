/** Sends settlements: those of one turn of the event loop in one script call per kind, in the order they were made. */
import type { SettleOutcome } from "../../broker.ts";
import type { RedisConnection } from "../../redis/connection.ts";
import { scripts } from "./scripts.ts";

/** One operation of `settle.lua`, its name first. */
export type Operation = readonly [name: string, ...args: (string | number | Buffer)[]];

/** What is to be done with one claim. `operations` null: acknowledged, never begun, and nothing follows. */
export interface ClaimSettlement {
  readonly n: number;
  readonly claimsKey: string;
  readonly operations: readonly Operation[] | null;
}

interface Waiting {
  readonly settlement: ClaimSettlement;
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
}

/** Most claims, and most bytes (roughly), of one script call: the server serves nobody else meanwhile. */
const batchClaims = 200;
const batchBytes = 1_000_000;

export class Settler {
  readonly #options: SettlerOptions;
  #turn: Waiting[] = [];
  #isScheduled = false;

  constructor(options: SettlerOptions) {
    this.#options = options;
  }

  /** Rejects when the server could not be asked, or refused: then the claim stands, unless the answer was lost. */
  settle(settlement: ClaimSettlement): Promise<SettleOutcome> {
    return new Promise((resolve, reject) => {
      this.#turn.push({ settlement, resolve, reject });
      if (this.#isScheduled) return;
      this.#isScheduled = true;
      setImmediate(() => this.flush());
    });
  }

  /** Sends at once what this turn has gathered. */
  flush(): void {
    this.#isScheduled = false;
    const waiting = this.#turn;
    if (waiting.length === 0) return;
    this.#turn = [];
    const plain = new Map<string, Waiting[]>();
    const others: Waiting[] = [];
    for (const each of waiting) {
      if (each.settlement.operations !== null) others.push(each);
      else {
        const batch = plain.get(each.settlement.claimsKey);
        if (batch === undefined) plain.set(each.settlement.claimsKey, [each]);
        else batch.push(each);
      }
    }
    for (const [key, batch] of plain) for (const part of parts(batch)) void this.#acknowledge(key, part);
    for (const part of parts(others)) void this.#settle(part);
    this.#options.sent();
  }

  async #acknowledge(claimsKey: string, batch: readonly Waiting[]): Promise<void> {
    try {
      const numbers = batch.map(({ settlement }) => settlement.n);
      const lost = (await this.#options.connection.run(scripts.acknowledge, [claimsKey], numbers)) as number[];
      if (lost.length === 0) for (const each of batch) each.resolve("settled");
      else for (const [index, each] of batch.entries()) each.resolve(lost.includes(index + 1) ? "lost" : "settled");
    } catch (error) {
      this.#fail(batch, error);
    }
  }

  async #settle(batch: readonly Waiting[]): Promise<void> {
    const keys: string[] = [];
    const args: (string | number | Buffer)[] = [this.#options.resultsDb, this.#options.ownDb];
    for (const { settlement } of batch) {
      const position = keys.indexOf(settlement.claimsKey);
      const operations = settlement.operations ?? [];
      args.push(settlement.n, position < 0 ? keys.push(settlement.claimsKey) : position + 1, operations.length);
      for (const operation of operations) args.push(...operation);
    }
    try {
      const reply = (await this.#options.connection.run(scripts.settle, keys, args)) as (number | string)[];
      for (const [index, each] of batch.entries()) {
        const outcome = reply[index];
        if (typeof outcome === "string") this.#fail([each], refusal(outcome));
        else each.resolve(outcome === 1 ? "settled" : "lost");
      }
    } catch (error) {
      this.#fail(batch, error);
    }
  }

  #fail(batch: readonly Waiting[], error: unknown): void {
    for (const each of batch) each.reject(error);
  }
}

/** The error of one claim inside a script that went on: it is the server's own answer, like any other. */
function refusal(text: string): Error {
  const error = new Error(text);
  error.name = "ReplyError";
  return error;
}

function parts(waiting: readonly Waiting[]): readonly (readonly Waiting[])[] {
  const all: Waiting[][] = [];
  let part: Waiting[] = [];
  let bytes = 0;
  for (const each of waiting) {
    if (part.length === batchClaims || bytes > batchBytes) {
      part = [];
      bytes = 0;
    }
    if (part.length === 0) all.push(part);
    part.push(each);
    for (const operation of each.settlement.operations ?? [])
      for (const arg of operation) bytes += typeof arg === "number" ? 8 : arg.length;
  }
  return all;
}
