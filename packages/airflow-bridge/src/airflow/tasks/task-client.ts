/** What a task written in TypeScript is given: its context, and a client for what Airflow keeps. Names as in Airflow's own TypeScript SDK, so that a task can move. */
import type { Duration, Logger } from "@celeriac/core";

/** What the function of a task gets. */
export interface TaskArguments {
  readonly ctx: TaskContext;
  readonly client: TaskClient;
}

/** Which try this is, and of what. */
export interface TaskContext {
  readonly dagId: string;
  readonly taskId: string;
  readonly runId: string;
  /** from 1 */
  readonly tryNumber: number;
  /** from 0; -1: the task is not mapped */
  readonly mapIndex: number;
  readonly dagRun: DagRun;
  /** how often this try was put off: it begins anew each time */
  readonly rescheduleCount: number;
  /** whether another try follows when this one fails */
  readonly shouldRetry: boolean;
  /** Aborted when the task is to end: Airflow does not want it any more, its timeout is over, or the worker stops. Some 5 s later its process is ended. */
  readonly signal: AbortSignal;
}

export interface DagRun {
  /** null: triggered by hand without one */
  readonly logicalDate: Date | null;
  readonly dataIntervalStart: Date | null;
  readonly dataIntervalEnd: Date | null;
  readonly runAfter: Date;
  /** such as "scheduled", "manual", "backfill" or "asset_triggered" */
  readonly runType: string;
  /** what it was triggered with */
  readonly conf: Readonly<Record<string, unknown>>;
}

export interface Connection {
  readonly id: string;
  /** such as "postgres" or "http" */
  readonly type: string;
  readonly host: string | null;
  readonly schema: string | null;
  readonly login: string | null;
  readonly password: string | null;
  readonly port: number | null;
  /** JSON, as a rule */
  readonly extra: string | null;
}

/** Left out, dag, run and task are those of this try. */
export interface XComPlace {
  readonly key: string;
  readonly dagId?: string;
  readonly runId?: string;
  readonly taskId?: string;
  /** Left out: this try's own for XComs of its own task, else those of a task that is not mapped, which is also null's and -1's meaning. */
  readonly mapIndex?: number | null;
}

/** Every call that reaches Airflow throws AIRFLOW_API when it is refused or not answered. */
export interface TaskClient {
  /** null: there is none, or it has no value */
  getVariable(key: string): Promise<string | null>;
  /** Throws AIRFLOW_NOT_FOUND. */
  getVariableOrThrow(key: string): Promise<string>;
  setVariable(key: string, value: string, description?: string | null): Promise<void>;
  deleteVariable(key: string): Promise<void>;
  /** null: there is none */
  getConnection(id: string): Promise<Connection | null>;
  /** Throws AIRFLOW_NOT_FOUND. */
  getConnectionOrThrow(id: string): Promise<Connection>;
  /** null: there is none, or it is null. Integers beyond 2^53 are bigints, Python's datetimes Dates; its other classes stay objects with `__classname__`. */
  getXCom<T = unknown>(place: XComPlace & { readonly includePriorDates?: boolean }): Promise<T | null>;
  /** Anything that JSON can say, bigints and Dates: a Date is a datetime in Python. */
  setXCom(place: XComPlace & { readonly value: unknown }): Promise<void>;
  /** Skips tasks right behind this one, by id, or instances of mapped ones by id and index; this one goes on. */
  skipDownstreamTasks(tasks: readonly (string | readonly [taskId: string, mapIndex: number])[]): Promise<void>;
  /** From now on the log shows stars in its place. */
  maskSecret(secret: string): Promise<void>;
  /** Write `throw client.skip(…)`: the task ends as skipped. */
  skip(reason?: string): Error;
  /** Write `throw client.fail(…)`: the task has failed, and is not tried again. */
  fail(reason: string): Error;
  /** Write `throw client.retry(…)`: as any other error, but said to be no surprise; failed where no try is left. */
  retry(reason?: string): Error;
  /**
   * Write `throw client.reschedule(…)`: the task gives its slot back and begins anew at that time, or after so long, in the same try; for what waits for something
   * and looks now and then. Throws CONFIG_DURATION.
   */
  reschedule(when: Date | Duration): Error;
  /** Into the log of this try, as what is printed; values are fields of their own. */
  readonly log: Logger;
}
