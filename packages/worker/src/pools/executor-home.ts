/** What the executors of a pool are, and how one of them is opened. */
import type { Clock } from "@celeriac/core/runtime";
import type { OpenLink } from "./executor-link.ts";
import { inlineExecutors, type OpenInline } from "./inline-executor.ts";
import { findParentTie, processExecutors } from "./process-executor.ts";
import { openThreadExecutor } from "./thread-executor.ts";

export type ExecutorHome =
  | { readonly kind: "process" | "thread"; readonly heapMb?: number | null }
  /** the worker's own thread */
  | { readonly kind: "inline"; readonly open: OpenInline; readonly simulates?: boolean };

export async function linkOpener(home: ExecutorHome, clock: Clock): Promise<OpenLink> {
  switch (home.kind) {
    case "process":
      return processExecutors(await findParentTie(), clock, home.heapMb ?? null);
    case "thread":
      return openThreadExecutor;
    case "inline":
      return inlineExecutors(home.open, clock);
  }
}
