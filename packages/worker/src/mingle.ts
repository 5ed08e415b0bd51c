/**
 * Mingle: a worker that starts, or comes back to its broker, asks the others what was revoked meanwhile, as Celery's workers do. Celery waits a second
 * for answers before it takes a task. Here tasks are taken when answers have come, or when it looks as if nobody was there; those that come later in
 * that second are heeded as well.
 */
import { askWorkers, type ControlParts, type ControlReply, reasonOf } from "@celeriac/core/runtime";
import { mostShared, type Revoked } from "./revoked.ts";
import type { Revoker } from "./revoker.ts";

/** Celery's */
const answersWithinMs = 1_000;
/** Nobody has answered by then: nobody is there, or so busy that it is not waited for. */
const aloneAfterMs = 150;
/** Of those who answer the others are not much later. */
const lastAnswerAfterMs = 30;

export interface Mingling {
  /** Resolves when tasks may be taken. Never rejects: failing costs what others know, and not the worker. */
  ask(): Promise<void>;
  /** Hears no more answers. */
  close(): Promise<void>;
}

export interface MingleParts {
  readonly control: ControlParts;
  /** node name */
  readonly hostname: string;
  readonly revoked: Pick<Revoked, "ids">;
  readonly revoker: Pick<Revoker, "learn">;
}

export function createMingling({ control, hostname, revoked, revoker }: MingleParts): Mingling {
  const { clock, logger } = control;
  const closing = new AbortController();
  const asking = new Set<Promise<void>>();

  function ask(): Promise<void> {
    return new Promise((begin) => {
      let timer = clock.after(answersWithinMs, begin);
      const beginAfter = (ms: number) => {
        timer.cancel();
        timer = clock.after(ms, begin);
      };
      const hear = ({ value }: ControlReply) => {
        revoker.learn(idsIn(value));
        beginAfter(lastAnswerAfterMs);
      };
      const asked = gather(() => beginAfter(aloneAfterMs), hear).finally(() => {
        timer.cancel();
        begin();
        asking.delete(asked);
      });
      asking.add(asked);
    });
  }

  async function gather(asked: () => void, replied: (reply: ControlReply) => void): Promise<void> {
    const args = { from_node: hostname, revoked: revoked.ids.slice(-mostShared) };
    const call = { method: "hello", arguments: args, destination: null, pattern: null, matcher: null };
    try {
      const replies = await askWorkers(control, call, { timeoutMs: answersWithinMs, limit: null, signal: closing.signal, asked, replied });
      if (replies.length > 0) logger.info("mingled", { nodes: replies.map((reply) => reply.hostname) });
    } catch (error) {
      logger.warn("other workers could not be asked what is revoked", { reason: reasonOf(error) });
    }
  }

  return {
    ask,
    async close() {
      closing.abort();
      await Promise.all(asking);
    },
  };
}

/** A list, or what has them as its keys, which is how Celery sends them. */
function idsIn(value: unknown): readonly string[] {
  const revoked = typeof value === "object" && value !== null ? (value as { revoked?: unknown }).revoked : null;
  if (typeof revoked !== "object" || revoked === null) return [];
  const ids: readonly unknown[] = Array.isArray(revoked) ? revoked : Object.keys(revoked);
  return ids.filter((id) => typeof id === "string").slice(-mostShared);
}
