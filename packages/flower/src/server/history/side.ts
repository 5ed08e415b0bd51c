/** One end of a history, in a thread of its own: what it can be asked, and what it does with what it is told. */
import type { Clock } from "@celeriac/core/runtime";
import type { HistoryDriver } from "./store.ts";
import type { FromThread, Questions, ThreadOptions, ToThread } from "./thread-message.ts";

export interface Side {
  readonly questions: Partial<Questions>;
  hear(message: Extract<ToThread, { kind: "heard" }>): void;
  follow(isFollowed: boolean): void;
  /** The file was replaced by another. Never rejects. */
  reopen(): Promise<void>;
  /** Somebody has found the file damaged. Never rejects. */
  inspect(): Promise<void>;
  close(): Promise<void>;
}

export type OpenSide = (driver: HistoryDriver, options: ThreadOptions, clock: Clock, tell: (message: FromThread) => void) => Promise<Side>;
