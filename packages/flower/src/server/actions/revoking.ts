/** Keeps tasks from running, ends those that run, or asks them to end. */
import {
  type AppRuntime,
  abortCall,
  askWorkers,
  attemptNumber,
  type ControlCall,
  partsOf,
  readResult,
  resultContent,
  resultExpiresMs,
  resultText,
  revokeArguments,
  revokeCall,
  tellWorkers,
} from "@celeriac/core/runtime";
import { Refusal } from "../access.ts";
import { answerOf, type WorkerAnswer } from "./worker-control.ts";

export interface RevokeHow {
  /** Ends it even if it runs. */
  readonly terminate: boolean;
  /** that its process is ended by: "SIGTERM" */
  readonly signal: string;
}

export interface Revoking {
  /** Tells all workers, as Flower does: nobody is waited for. */
  revoke(id: string, how: RevokeHow): Promise<void>;
  /** As revoke; gives what each worker answered within `inspect_timeout`. `workers`: how many there are; when so many have answered it waits no longer. */
  revokeAndAsk(id: string, how: RevokeHow, workers: number): Promise<Readonly<Record<string, WorkerAnswer>>>;
  /** Writes Celery's ABORTED as its state, for tasks that look there, and aborts the signal of one that runs in a worker of ours. Refusal 503 without results. */
  abort(id: string): Promise<void>;
}

/** All reject with BROKER_*, PUBLISH_* and BACKEND_*. */
export function createRevoking(runtime: AppRuntime, timeoutMs: number): Revoking {
  const callOfRevoke = (id: string, how: RevokeHow): ControlCall => revokeCall(revokeArguments(id, how));

  return {
    async revoke(id, how) {
      await tellWorkers(await partsOf(runtime), callOfRevoke(id, how));
    },
    async revokeAndAsk(id, how, workers) {
      const replies = await askWorkers(await partsOf(runtime), callOfRevoke(id, how), { timeoutMs, limit: workers > 0 ? workers : null });
      return Object.fromEntries(replies.map(({ hostname, value }) => [hostname, answerOf(value)]));
    },
    async abort(id) {
      const { backend } = await runtime.links();
      if (backend === null) throw new Refusal(503, "No result backend is configured");
      await backend.connect();
      const { settings, clock } = runtime;
      const known = await backend.get(id);
      // An earlier attempt's state would not replace a later one's.
      const attempt = known === null ? 0 : attemptNumber(readResult(id, known));
      const facts = {
        taskId: id,
        state: "ABORTED",
        attempt,
        children: [],
        nowMs: clock.now(),
        groupId: null,
        parentId: null,
        extended: null,
      };
      const text = resultText(facts, "null", null);
      const content = resultContent(text, settings.resultSerializer);
      await backend.store({ taskId: id, state: "ABORTED", attempt, text, content, expiresMs: resultExpiresMs(settings), replyTo: null });
      await tellWorkers(await partsOf(runtime), abortCall(id, "aborted through the monitor"));
    },
  };
}
