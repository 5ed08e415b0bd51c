/** What the result backend and the workers know of tasks that no event tells of: how they ended, or who still has them. */
import {
  type AppRuntime,
  askWorkers,
  callOf,
  isFinal,
  partsOf,
  readException,
  readResult,
  reprException,
  reprValue,
} from "@celeriac/core/runtime";
import type { Amendment } from "../history/history.ts";

export interface Held {
  /** ids that a worker has */
  readonly ids: ReadonlySet<string>;
  /** workers that have answered */
  readonly workers: ReadonlySet<string>;
}

export interface Evidence {
  /** id → how it ended, of those whose result tells it. Rejects with BACKEND_*. */
  ends(ids: readonly string[]): Promise<ReadonlyMap<string, Amendment>>;
  /** Rejects with BROKER_*, PUBLISH_*. */
  held(ids: readonly string[]): Promise<Held>;
}

export function createEvidence(runtime: AppRuntime, timeoutMs: number): Evidence {
  return {
    async ends(ids) {
      const { backend } = await runtime.links();
      if (backend === null || ids.length === 0) return new Map();
      const texts = await backend.getMany(ids);
      return new Map(
        ids.flatMap((id, at) => {
          const end = endIn(id, texts[at] ?? null);
          return end === null ? [] : [[id, end] as const];
        }),
      );
    },
    async held(ids) {
      const replies = await askWorkers(await partsOf(runtime), callOf("query_task", { ids }, {}), { timeoutMs, limit: null });
      // One that refuses says {error}: of what it has nothing is known.
      const answers = replies.filter(({ value }) => typeof value === "object" && value !== null && !Object.hasOwn(value, "error"));
      return {
        ids: new Set(answers.flatMap(({ value }) => Object.keys(value as object))),
        workers: new Set(answers.map(({ hostname }) => hostname)),
      };
    },
  };
}

const endedAs = { SUCCESS: "succeeded", FAILURE: "failed", REVOKED: "revoked", REJECTED: "rejected" } as const;

/** null: it has not ended, or nobody can read how. */
function endIn(id: string, text: string | null): Amendment | null {
  try {
    const stored = text === null ? null : readResult(id, text);
    if (stored === null || !isFinal(stored.status)) return null;
    const { status: state, result, traceback, doneAt } = stored;
    const at = { [endedAs[state as keyof typeof endedAs]]: doneAt === null ? null : doneAt / 1_000 };
    if (state === "SUCCESS") return { state, ...at, result: reprValue(result), exception: null, traceback: null };
    return { state, ...at, result: null, exception: reprException(readException(result, traceback)), traceback };
  } catch {
    return null;
  }
}
