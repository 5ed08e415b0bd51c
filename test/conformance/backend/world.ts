/** What the result backend suite needs from a driver's test, and what it gives to its cases. */
import { randomUUID } from "node:crypto";
import { afterEach, beforeEach } from "vitest";
import type { ResultBackend, ResultRecord } from "../../../packages/core/src/backend.ts";

/** One store, reached by as many backends as a test opens. */
export interface BackendWorld {
  /** A backend on a connection of its own, as another process would have it. Not yet connected. */
  open(): ResultBackend;
  /**
   * true: results are found by id from any process, and the store itself compares attempts and expires results.
   * false: results are sent to the caller's reply queue (`rpc`); only the caller has them, and a record carries no attempt.
   */
  readonly shared: boolean;
  /** Cuts every connection the backends have now; they may come back at once. Absent where there is no connection to cut. */
  breakConnections?(): Promise<void>;
  /** Called once, after all backends it opened were closed. */
  close(): Promise<void>;
}

export interface Suite {
  world(): BackendWorld;
  /** the process that asked for the task */
  caller(): ResultBackend;
  /** the process that ran it */
  worker(): ResultBackend;
  record(change?: Partial<ResultRecord> & { readonly value?: unknown }): ResultRecord;
}

/** Call it inside `describe`: every case gets a world of its own. */
export function startSuite(openWorld: () => Promise<BackendWorld>): Suite {
  let world: BackendWorld;
  let caller: ResultBackend;
  let worker: ResultBackend;
  beforeEach(async () => {
    world = await openWorld();
    caller = world.open();
    worker = world.open();
    await Promise.all([caller.connect(), caller.openReplies?.(), worker.connect()]);
  });
  afterEach(async () => {
    await Promise.all([caller.close(), worker.close()]);
    await world.close();
  });
  return {
    world: () => world,
    caller: () => caller,
    worker: () => worker,
    record(change = {}) {
      const { value = 1, ...fields } = change;
      const taskId = fields.taskId ?? randomUUID();
      const state = fields.state ?? "SUCCESS";
      const attempt = fields.attempt ?? 0;
      const text = resultText({ taskId, state, value });
      return { taskId, state, attempt, text, expiresMs: 3_600_000, replyTo: caller.replyTo, ...fields };
    },
  };
}

const final = { SUCCESS: true, FAILURE: true, REVOKED: true } as Readonly<Record<string, boolean>>;

/** Celery's result JSON, as short as readers allow. */
function resultText(fields: { readonly taskId: string; readonly state: string; readonly value: unknown }): string {
  const dateDone = final[fields.state] ? "2026-01-02T03:04:05.678901" : null;
  return JSON.stringify({
    status: fields.state,
    result: fields.value,
    traceback: null,
    children: [],
    date_done: dateDone,
    task_id: fields.taskId,
  });
}

/** What a reader sees of a result text. rpc rebuilds the text, so texts are compared by meaning. */
export function seen(text: string | null | undefined): { readonly status: unknown; readonly result: unknown } | null {
  if (text === null || text === undefined) return null;
  const { status, result } = JSON.parse(text) as { status: unknown; result: unknown };
  return { status, result };
}

export interface Watch {
  readonly all: { readonly status: unknown; readonly result: unknown }[];
  last(): { readonly status: unknown; readonly result: unknown } | undefined;
  close(): void;
}

/** Notes what a subscriber is told. */
export async function collect(backend: ResultBackend, taskId: string): Promise<Watch> {
  const all: { readonly status: unknown; readonly result: unknown }[] = [];
  const subscription = await backend.subscribe(taskId, (text) => {
    const state = seen(text);
    if (state !== null) all.push(state);
  });
  return { all, last: () => all.at(-1), close: () => subscription.close() };
}
