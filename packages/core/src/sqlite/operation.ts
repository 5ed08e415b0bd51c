/**
 * What crosses between a process's main thread and the I/O thread of one file: all operations of a turn go over in one message,
 * with their raw envelopes joined into one transferred buffer, in the order of the messages that announce them.
 */
import type { StoreOutcome } from "../backend.ts";
import type { ClaimOutcome, SettleOutcome } from "../broker.ts";
import type { ChordCount, ChordPart, ChordStart, CountedPart, QuietChord } from "../chord.ts";
import type { ErrorCode } from "../error-table.ts";
import type { ExchangeBinding } from "../exchange.ts";
import type { BucketRate } from "../token-bucket.ts";

/** A message on its way in. */
export interface NewMessage {
  readonly tag: string;
  /** Where it enters; "" = at its queue. */
  readonly exchange: string;
  /** with an exchange, the routing key by which that finds queues */
  readonly queue: string;
  /** 9 - priority: lower is sooner */
  readonly rank: number;
  /** epoch ms, or null = at once */
  readonly due: number | null;
  readonly guarded: boolean;
  /** bytes of its raw envelope in the turn's buffer */
  readonly size: number;
}

/** A result on its way in. */
export interface NewResult {
  readonly taskId: string;
  readonly state: string;
  readonly attempt: number;
  readonly text: string;
  /** epoch ms, or null = never */
  readonly expires: number | null;
}

/** A chord on its way in. */
export interface NewChord extends Omit<ChordStart, "expiresMs"> {
  /** epoch ms, or null = never */
  readonly expires: number | null;
}

/** What a member counts for its chord. */
export interface NewPart extends Omit<ChordPart, "entry" | "expiresMs"> {
  /** of the chord: epoch ms, or null = never */
  readonly expires: number | null;
}

/** What is told to those who listen at the moment. */
export interface NewBroadcast {
  readonly exchange: string;
  readonly routingKey: string;
  /** bytes of its raw envelope in the turn's buffer */
  readonly size: number;
}

/** operation → its fields and what it answers. `consumer` is an incarnation's number. */
export interface Operations {
  publish: [{ readonly message: NewMessage }, null];
  settle: [
    {
      readonly consumer: number;
      readonly id: number;
      /** null = gone for good; else it goes back, at its place or when `due` */
      readonly requeue: { readonly due: number | null; readonly counted: boolean } | null;
      readonly results: readonly NewResult[];
      /** of one chord */
      readonly parts: readonly NewPart[];
      readonly publish: readonly NewMessage[];
    },
    SettleOutcome,
  ];
  begin: [{ readonly consumer: number; readonly id: number }, ClaimOutcome];
  /** Answers the number of the new incarnation. `replaces`: one of this process whose thread is gone. */
  consume: [
    {
      readonly name: string;
      readonly queues: readonly string[];
      /** of those that live as long as it does */
      readonly copies: readonly ExchangeBinding[];
      readonly readAhead: number;
      readonly mayBlock: boolean;
      readonly replaces: number | null;
    },
    number,
  ];
  /** A read-ahead of 0 claims nothing more. */
  resize: [{ readonly consumer: number; readonly readAhead: number }, null];
  /** Hands back what is held and ends the incarnation. */
  leave: [{ readonly consumer: number }, null];
  /** From now on it claims out of these queues. */
  assign: [{ readonly consumer: number; readonly queues: readonly string[] }, null];
  /** Binds queues to exchanges. `consumer`: for as long as that lives; null = for ever. */
  bind: [{ readonly bindings: readonly ExchangeBinding[]; readonly consumer: number | null }, null];
  /** Ends a queue that was bound for a consumer's life, with what is ready or delayed in it. */
  drop: [{ readonly queue: string }, null];
  length: [{ readonly queue: string }, number];
  /** epoch ms since when the next in line waits */
  oldest: [{ readonly queue: string }, number | null];
  peek: [{ readonly queue: string; readonly limit: number }, readonly Uint8Array[]];
  /** Names of queues: of messages, of bindings, of pauses. */
  queues: [Record<never, never>, readonly string[]];
  bindings: [Record<never, never>, readonly ExchangeBinding[]];
  paused: [Record<never, never>, readonly string[]];
  pause: [{ readonly queue: string }, null];
  resume: [{ readonly queue: string }, null];
  /** Deletes at most `limit`; answers how many. */
  purge: [{ readonly queue: string; readonly limit: number }, number];
  /** Written only if somebody listens. */
  broadcast: [{ readonly message: NewBroadcast }, null];
  /** What is told from now on comes as reports for `subscriber`, a number of the main thread's choice. */
  subscribe: [{ readonly subscriber: number; readonly exchange: string }, null];
  unsubscribe: [{ readonly subscriber: number }, null];
  storeResult: [{ readonly result: NewResult }, StoreOutcome];
  getResult: [{ readonly taskId: string }, string | null];
  forgetResult: [{ readonly taskId: string }, null];
  /** Answers the text that is there already; changes come as events until `unwatch`. */
  watch: [{ readonly taskId: string }, string | null];
  unwatch: [{ readonly taskId: string }, null];
  openChord: [{ readonly chord: NewChord }, null];
  countChord: [{ readonly parts: readonly NewPart[] }, ChordCount];
  addToChord: [{ readonly chordId: string; readonly taskId: string }, boolean];
  chordParts: [{ readonly chordId: string }, readonly CountedPart[]];
  beginClosing: [{ readonly chordId: string; readonly by: string; readonly forMs: number }, "begun" | "others" | "closed"];
  endClosing: [{ readonly chordId: string }, null];
  /** Stores, publishes and closes, unless it is closed: then it answers false. */
  closeChord: [{ readonly chordId: string; readonly results: readonly NewResult[]; readonly publish: readonly NewMessage[] }, boolean];
  keepChords: [{ readonly chordIds: readonly string[]; readonly nowMs: number }, null];
  /** `before`, `nowMs`: epoch ms */
  takeChords: [{ readonly before: number; readonly nowMs: number; readonly limit: number }, readonly QuietChord[]];
  /** Answers the fencing token, or null while another holds it. */
  takeLease: [{ readonly name: string; readonly ttlMs: number }, number | null];
  renewLease: [{ readonly name: string; readonly token: number; readonly ttlMs: number }, boolean];
  freeLease: [{ readonly name: string; readonly token: number }, null];
  reserve: [{ readonly key: string; readonly owner: string; readonly ttlMs: number }, string];
  unreserve: [{ readonly key: string; readonly owner: string }, boolean];
  /** Answers 0 when the tokens are taken, else after how many ms they may be there. */
  takeTokens: [{ readonly bucket: string; readonly n: number; readonly rate: BucketRate }, number];
  /** Answers the slot's number, or null while all are held. */
  takeSlot: [{ readonly key: string; readonly limit: number }, number | null];
  freeSlot: [{ readonly id: number }, null];
  /** Answers the clock, epoch ms, when the file can be read. */
  check: [Record<never, never>, number];
}

export type OperationKind = keyof Operations;
export type OperationFields<K extends OperationKind> = Operations[K][0];
export type Answer<K extends OperationKind> = Operations[K][1];
export type Operation<K extends OperationKind = OperationKind> = { [Each in K]: { readonly kind: Each } & OperationFields<Each> }[K];

/** An error on its way back: the classes of errors do not survive the crossing. `uncertain`: it may have been written. */
export interface Failure {
  readonly failed: ErrorCode;
  readonly message: string;
  readonly uncertain: boolean;
}

/** A claimed message; its raw envelope is `size` bytes in the buffer of the report. */
export interface ClaimedMessage {
  readonly consumer: number;
  readonly id: number;
  readonly queue: string;
  readonly deliveries: number;
  readonly redelivered: boolean;
  readonly size: number;
}

/** What a subscriber is to hear. */
export interface HeardMessage {
  readonly subscriber: number;
  readonly routingKey: string;
  readonly raw: Uint8Array;
}

/** Main thread → I/O thread. */
export type Request =
  | { readonly kind: "turn"; readonly first: number; readonly operations: readonly Operation[]; readonly raw: Uint8Array }
  /** the answer to `ask` */
  | { readonly kind: "alive" }
  | { readonly kind: "close" };

/** I/O thread → main thread. */
export type Report =
  | { readonly kind: "opened" }
  /** `answers[i]` belongs to operation `first + i` */
  | { readonly kind: "answers"; readonly first: number; readonly answers: readonly (unknown | Failure)[] }
  | { readonly kind: "claimed"; readonly messages: readonly ClaimedMessage[]; readonly raw: Uint8Array }
  | { readonly kind: "fenced"; readonly consumer: number }
  /** Does the main thread live? Asked while there are consumers. */
  | { readonly kind: "ask" }
  | { readonly kind: "results"; readonly changes: readonly (readonly [taskId: string, text: string])[] }
  | { readonly kind: "heard"; readonly messages: readonly HeardMessage[] }
  /** The file cannot be written for now; claims wait. `null` = it can again. */
  | { readonly kind: "trouble"; readonly failure: Failure | null }
  | { readonly kind: "note"; readonly level: "debug" | "warn"; readonly text: string; readonly fields: object }
  /** The last report. `failure`: it ended without having been asked, or never opened the file. */
  | { readonly kind: "ended"; readonly failure: Failure | null };

export function isFailure(answer: unknown): answer is Failure {
  return typeof answer === "object" && answer !== null && "failed" in answer;
}
