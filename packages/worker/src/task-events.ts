/** What monitors are told of a task on its walk: Celery's events, made from requests and endings. Only where events are on. */
import { constants } from "node:os";
import {
  celeryErrors,
  type Ending,
  type EventDispatcher,
  type RemoteError,
  reprException,
  reprValue,
  type Settlement,
} from "@celeriac/core/runtime";
import type { Request } from "./request.ts";

export interface TaskEvents {
  received(request: Request): void;
  started(request: Request): void;
  /** How its run ended, and what became of its delivery; `runMs` is how long it took. */
  ended(request: Request, ending: Ending, then: Settlement["then"], runMs: number): void;
}

export function createTaskEvents({ send }: Pick<EventDispatcher, "send">): TaskEvents {
  const failed = (uuid: string, error: RemoteError) => send("task-failed", { uuid, ...failure(error) });
  return {
    received({ headers, run }) {
      send("task-received", {
        uuid: headers.id,
        name: headers.shadow ?? headers.task,
        args: headers.argsRepr,
        kwargs: headers.kwargsRepr,
        root_id: headers.rootId,
        parent_id: headers.parentId,
        retries: headers.retries,
        eta: text(run.headers["eta"]),
        expires: text(run.headers["expires"]),
      });
    },
    started: ({ headers }) => send("task-started", { uuid: headers.id }),
    ended({ headers, run }, ending, then, runMs) {
      const uuid = headers.id;
      // Handed back it did not run, as far as anybody is concerned.
      if (ending.kind === "handedBack") return;
      if (then.kind === "requeue") return send("task-rejected", { uuid, requeue: true });
      switch (ending.kind) {
        case "succeeded":
          return send("task-succeeded", { uuid, result: shown(ending.value), runtime: runMs / 1_000 });
        case "failed":
          return failed(uuid, ending.error);
        case "timedOut":
          return failed(uuid, celeryErrors.timeLimit(ending.limitMs / 1_000));
        case "executorLost":
          return failed(uuid, celeryErrors.workerLost(ending.reason));
        case "poisoned":
          return failed(uuid, celeryErrors.workerLost(`began ${ending.deliveries} times without an end`));
        case "unknown":
          return failed(uuid, celeryErrors.notRegistered(run.task));
        case "retried":
          return send("task-retried", { uuid, ...failure(ending.error) });
        case "rejected":
        case "undecodable":
          return send("task-rejected", { uuid, requeue: false });
        case "expired":
          return send("task-revoked", { uuid, terminated: false, signum: null, expired: true });
        case "terminated":
          return send("task-revoked", { uuid, terminated: true, signum: constants.signals[ending.signal], expired: false });
        case "revoked":
          return send("task-revoked", { uuid, terminated: ending.begun, signum: null, expired: false });
        case "ignored":
          return;
      }
    },
  };
}

function failure(error: RemoteError): { readonly exception: string; readonly traceback?: string } {
  return { exception: reprException(error), ...(error.traceback === null ? {} : { traceback: error.traceback }) };
}

/** `json` is empty where another run's result stands. */
function shown(json: string): string {
  if (json === "") return "";
  try {
    return reprValue(JSON.parse(json));
  } catch {
    return reprValue(json);
  }
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
