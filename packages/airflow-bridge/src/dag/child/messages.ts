/** What a local executor and the processes it starts tell each other, as JSON over Node's own channel. */
import type { AppSource, LogLevel } from "@celeriac/core/runtime";
import type { DagSettings } from "../config.ts";
import type { InstancePlace } from "../records.ts";
import type { RunEnd } from "../runner/runner.ts";

export interface ChildStart {
  readonly source: AppSource;
  readonly storeUrl: string;
  readonly settings: DagSettings;
  readonly hostname: string;
}

export type ToChild =
  /** first, and once */
  | ({ readonly kind: "open" } & ChildStart)
  | { readonly kind: "run"; readonly place: InstancePlace; readonly externalId: string }
  | { readonly kind: "interrupt"; readonly why: "revoked" | "stopped" };

export type FromChild =
  /** it can run something */
  | { readonly kind: "opened" }
  /** it cannot, and ends */
  | { readonly kind: "unusable"; readonly reason: string }
  /** `timeoutMs`: after so long it is to have ended; null: no limit */
  | { readonly kind: "began"; readonly timeoutMs: number | null }
  | { readonly kind: "ended"; readonly end: RunEnd }
  /** nobody knows how it ended: the store did not answer */
  | { readonly kind: "lost"; readonly reason: string }
  | { readonly kind: "log"; readonly level: Exclude<LogLevel, "silent">; readonly message: string; readonly fields: object | undefined };
