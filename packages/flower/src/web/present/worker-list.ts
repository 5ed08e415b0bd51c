/** Which workers are listed, and what they come to together. Pure. */
import type { WorkerRow } from "../../shared/contract.ts";

export type Show = "all" | "online" | "offline";

/** Every word must be in its name, its software, or the name of a queue it takes from. */
export function matches(row: WorkerRow, text: string, show: Show): boolean {
  if (show !== "all" && row.online !== (show === "online")) return false;
  const place = `${row.name} ${row.software ?? ""} ${row.queues?.join(" ") ?? ""}`.toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => place.includes(word));
}

export interface Counters {
  readonly online: number;
  readonly offline: number;
  readonly active: number;
  /** null: none of those online has said */
  readonly slots: number | null;
  readonly processed: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly retried: number;
}

export function countersOf(rows: readonly WorkerRow[]): Counters {
  const total = { online: 0, offline: 0, active: 0, processed: 0, succeeded: 0, failed: 0, retried: 0 };
  let slots: number | null = null;
  for (const row of rows) {
    if (row.online) {
      total.online++;
      total.active += row.active;
      if (row.slots !== null) slots = (slots ?? 0) + row.slots;
    } else total.offline++;
    total.processed += row.processed;
    total.succeeded += row.succeeded;
    total.failed += row.failed;
    total.retried += row.retried;
  }
  return { ...total, slots };
}
