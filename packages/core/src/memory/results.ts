/** The results of a space: the newest state of each task, and who waits for it. */
import type { ResultRecord, StoreOutcome } from "../backend.ts";
import { isFinal } from "../states.ts";
import { ExpiringMap } from "./expiring-map.ts";

type Stored = Pick<ResultRecord, "state" | "attempt" | "text">;

export class Results {
  readonly #records = new ExpiringMap<Stored>();
  readonly #listeners = new Map<string, Set<(text: string) => void>>();

  store({ taskId, state, attempt, text, expiresMs }: ResultRecord, now: number): StoreOutcome {
    const stored = this.#records.get(taskId, now);
    if (stored !== undefined && stands(stored, attempt)) return "superseded";
    this.#records.set(taskId, { state, attempt, text }, expiresMs === null ? null : now + expiresMs, now);
    for (const tell of [...(this.#listeners.get(taskId) ?? [])]) tell(text);
    return "stored";
  }

  get(taskId: string, now: number): string | null {
    return this.#records.get(taskId, now)?.text ?? null;
  }

  forget(taskId: string): void {
    this.#records.delete(taskId);
  }

  /** Calls `tell` after each change, in the step that makes it. Gives what ends that. */
  listen(taskId: string, tell: (text: string) => void): () => void {
    const listeners = this.#listeners.get(taskId) ?? new Set();
    this.#listeners.set(taskId, listeners.add(tell));
    return () => {
      listeners.delete(tell);
      if (listeners.size === 0 && this.#listeners.get(taskId) === listeners) this.#listeners.delete(taskId);
    };
  }
}

/** A final state stands against an older attempt and against its own; SUCCESS stands against all. */
function stands(stored: Stored, attempt: number): boolean {
  if (stored.state === "SUCCESS" || stored.attempt > attempt) return true;
  return isFinal(stored.state) && stored.attempt === attempt;
}
