/** One execution of a task, as it crosses from a worker's main thread to an executor and back: a Run goes in, an Ending comes out. */
import type { Publication } from "./broker.ts";
import type { ChordStart } from "./chord.ts";
import type { ChordPlace } from "./chord-member.ts";
import type { UnlockedChord } from "./chord-unlock.ts";
import type { RemoteError } from "./errors.ts";
import type { StepStore } from "./steps.ts";
import type { UnrunStep } from "./unrun.ts";

/** One execution of one task, as an executor gets it: headers decoded, body still bytes. */
export interface Run {
  readonly id: string;
  readonly task: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Uint8Array;
  readonly contentType: string;
  readonly replyTo: string | null;
  readonly priority: number | null;
  readonly queue: string;
  readonly redelivered: boolean;
  /** runs of this message that began before and did not settle; 1 or more = suspect: runs alone in an executor */
  readonly deliveries: number;
  /** ms; null = none */
  readonly softTimeLimitMs: number | null;
  /** ms; null = none. Needs an executor that can be ended. */
  readonly timeLimitMs: number | null;
}

/** `aborted`: its caller does not want it any more; `revoked`: it was to be terminated, where its executor cannot be ended. */
export type AbortReason = "softTimeLimit" | "claimLost" | "shutdown" | "aborted" | "revoked";

/** The worker's internal ending of a run (the public type of a task's end is Outcome). */
export type Ending =
  /** `value`: the returned value as JSON text */
  | {
      readonly kind: "succeeded";
      readonly value: string;
      readonly children: readonly unknown[];
      /** chords of what follows, to be opened before anything is published; absent: none */
      readonly opens?: readonly ChordStart[] | undefined;
      readonly publish: readonly Publication[];
      /** the chord that counts it */
      readonly counts?: readonly ChordPlace[] | undefined;
      /** a chord of others, which it has found at its end */
      readonly unlocked?: UnlockedChord | undefined;
    }
  | {
      readonly kind: "failed";
      readonly error: RemoteError;
      readonly expected: boolean;
      /** the steps behind it that will not run */
      readonly unrun: readonly UnrunStep[];
      readonly children: readonly unknown[];
      /** as above */
      readonly opens?: readonly ChordStart[] | undefined;
      readonly publish: readonly Publication[];
      /** the chord that counts it, or what is behind it */
      readonly counts?: readonly ChordPlace[] | undefined;
    }
  /** Others run in its place under its id, and what follows it follows them: it has no result. */
  | { readonly kind: "replaced"; readonly opens?: readonly ChordStart[] | undefined; readonly publish: readonly Publication[] }
  /** `publish` holds the next attempt, same task id, retries + 1 */
  | { readonly kind: "retried"; readonly error: RemoteError; readonly publish: readonly Publication[] }
  | { readonly kind: "rejected"; readonly requeue: boolean; readonly reason: string }
  | { readonly kind: "ignored" }
  /** the body could not be decoded */
  | { readonly kind: "undecodable"; readonly reason: string }
  /** its time was over before it began */
  | { readonly kind: "expired" }
  /** its caller does not want it any more: it did not begin or, if `begun`, gave way when its signal aborted */
  | { readonly kind: "revoked"; readonly reason: string; readonly begun: boolean }
  /** no task of that name here */
  | { readonly kind: "unknown" }
  /** runs of it began so often and never ended: it was not run again */
  | { readonly kind: "poisoned"; readonly deliveries: number }
  /** hard time limit: the executor was ended */
  | { readonly kind: "timedOut"; readonly limitMs: number }
  /** its executor was ended because somebody asked for that; `signal` as it was asked */
  | { readonly kind: "terminated"; readonly signal: NodeJS.Signals }
  /** the executor died; `begun`: this run may have caused it */
  | { readonly kind: "executorLost"; readonly reason: string; readonly begun: boolean }
  /** did not begin, or was stopped through no fault of its own: goes back uncounted */
  | { readonly kind: "handedBack" };

/** What a run may use of its surroundings while it runs. */
export interface RunControl {
  /** aborted with a reason of `{kind: AbortReason, message}` */
  readonly signal: AbortSignal;
  /** stores a non-final state; resolves when handed on, not when stored */
  updateState(state: string, metaJson: string): Promise<void>;
  log(level: "debug" | "info" | "warn" | "error", message: string, fields: object | undefined): void;
  /** Looks whether the run was told to end while the event loop did not turn, and throws the reason if so. Absent: nobody could have told it. */
  heartbeat?(): void;
  /** true: it runs where it was called, and was never sent */
  readonly isEager?: boolean;
  /** in place of the app's result backend */
  readonly steps?: StepStore;
  /** Told what a run has thrown that failed for good, as it was thrown. */
  failed?(thrown: unknown): void;
}

/** Runs a task's function and decides its ending; never rejects. Knows no pool. */
export type Execute = (run: Run, control: RunControl) => Promise<Ending>;
