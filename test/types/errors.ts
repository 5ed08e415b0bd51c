/** Errors: `is()` narrows whatever was caught, and each class has a closed set of codes. */
import {
  BackendError,
  BrokerError,
  CeleriacError,
  ConfigError,
  type ErrorCode,
  PublishError,
  type RemoteError,
  ResultTimeoutError,
  TaskError,
  TaskRevokedError,
} from "celeriac";
import { type Equal, expectType } from "./equal.ts";

export function narrowing(caught: unknown): void {
  if (PublishError.is(caught)) {
    type Codes = "PUBLISH_REJECTED" | "PUBLISH_UNCERTAIN" | "PUBLISH_UNROUTABLE" | "PUBLISH_ENCODE";
    expectType<Equal<typeof caught.code, Codes>>();
    expectType<Equal<typeof caught.retryable, boolean>>();
    // @ts-expect-error an error says what happened, for good
    caught.code = "PUBLISH_REJECTED";
  }
  if (TaskError.is(caught)) {
    type Codes = "TASK_FAILED" | "TASK_TIME_LIMIT" | "TASK_WORKER_LOST" | "TASK_DEAD_LETTERED" | "TASK_CHORD_FAILED";
    expectType<Equal<typeof caught.code, Codes>>();
    expectType<Equal<typeof caught.taskName, string | null>>();
    expectType<Equal<typeof caught.remote, RemoteError>>();
    expectType<Equal<typeof caught.remote.args, readonly unknown[]>>();
    expectType<Equal<typeof caught.cause, unknown>>();
  }
  if (TaskRevokedError.is(caught)) expectType<Equal<typeof caught.code, "TASK_REVOKED">>();
  if (ResultTimeoutError.is(caught)) expectType<Equal<typeof caught.taskId, string>>();
  if (ConfigError.is(caught) || BrokerError.is(caught) || BackendError.is(caught)) expectType<Equal<typeof caught.code, ErrorCode>>();
  if (CeleriacError.is(caught)) {
    const error: Error = caught;
    void error;
    // @ts-expect-error no such code
    if (caught.code === "PUBLISH_LOST") return;
  }
}

export function hierarchy(error: TaskError): CeleriacError {
  // @ts-expect-error a failed task is not a failed publish
  const publish: PublishError = error;
  void publish;
  return error;
}
