/** What the thread that serves and a history's threads say to each other. */
import type { ContentRules, ErrorCode } from "@celeriac/core/runtime";
import type { Amendment, AuditEntry, Change, HeardMessage, HistoryFacts } from "./history.ts";
import type { StoreNews, StoreOptions, StoreReader } from "./store.ts";

export type HistoryLimits = StoreOptions["limits"] & {
  /** events that wait to be written */
  readonly queued: number;
};

/** What a thread is given when it begins. */
export interface ThreadOptions extends StoreOptions {
  /** Of two threads on one history one writes and one reads; a history in memory has one that does both. */
  readonly role: "write" | "read";
  readonly content: ContentRules;
  readonly limits: HistoryLimits;
  /** names of more keys whose values are secrets */
  readonly redact: readonly string[];
}

/** question → its arguments and its answer: what a thread can be asked beside what it hears. */
export interface Questions extends StoreReader {
  settled(): Promise<void>;
  amend(uuid: string, known: Amendment): Promise<void>;
  note(entry: AuditEntry): Promise<void>;
  forgetWorkers(goneSeconds: number): Promise<readonly string[]>;
  writerFacts(): Promise<WriterFacts>;
}

export type WriterFacts = Pick<HistoryFacts, "behind" | "dropped" | "trouble" | "setAside">;

export type ToThread =
  /** `sizes`: of each body in `bytes`, which lie behind each other */
  | {
      readonly kind: "heard";
      readonly heardAt: number;
      readonly messages: readonly (Omit<HeardMessage, "body"> & { readonly size: number })[];
      readonly bytes: Uint8Array;
    }
  | { readonly kind: "follow"; readonly isFollowed: boolean }
  | { readonly kind: "ask"; readonly id: number; readonly question: keyof Questions; readonly given: readonly unknown[] }
  /** The file was replaced by another. */
  | { readonly kind: "reopen" }
  /** Who reads has found the file damaged. */
  | { readonly kind: "inspect" }
  | { readonly kind: "close" };

export type FromThread =
  /** `trouble`: why what is heard is not kept as it should be; null: it is. `isReadHere`: it needs no other thread to be read. */
  | { readonly kind: "opened"; readonly trouble: string | null; readonly setAside: string | null; readonly isReadHere: boolean }
  /** It could not begin. */
  | { readonly kind: "unopened"; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: "answer"; readonly id: number; readonly value: unknown }
  | { readonly kind: "refusal"; readonly id: number; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: "changed"; readonly change: Change }
  | StoreNews
  | { readonly kind: "closed" };
