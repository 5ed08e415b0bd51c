/** The log records of a task's process: lines of JSON, which its supervisor writes into the task's log. */
import type { Socket } from "node:net";
import type { Clock, Logger } from "@celeriac/core/runtime";
import { errorDetail } from "../task-log/error-detail.ts";
import type { LogLevelName } from "../task-log/task-log.ts";

export interface LogChannel extends Logger {
  /** with the error, what caused it, and their stacks */
  failure(event: string, error: unknown): void;
  /** Resolves when all of it is sent. */
  close(): Promise<void>;
}

const levels: readonly LogLevelName[] = ["debug", "info", "warning", "error", "critical"];

/** `least`: Airflow's `[logging] logging_level`, in whatever case; "INFO" for what is none. */
export function openLogChannel(socket: Socket, least: string, clock: Clock): LogChannel {
  const from = Math.max(0, levels.indexOf((least.toLowerCase() === "notset" ? "debug" : least.toLowerCase()) as LogLevelName));
  const lowest = levels.includes(least.toLowerCase() as LogLevelName) ? from : 1;
  socket.on("error", () => socket.destroy());
  // Nothing comes back, but the end of the connection.
  socket.resume();
  const line =
    (level: LogLevelName) =>
    (event: string, fields: object = {}) => {
      if (levels.indexOf(level) < lowest || !socket.writable) return;
      const record = { ...fields, timestamp: new Date(clock.now()).toISOString(), level, event: String(event), logger: "task" };
      socket.write(`${JSON.stringify(record, sayable)}\n`);
    };
  const error = line("error");
  return {
    ...{ debug: line("debug"), info: line("info"), warn: line("warning"), error },
    failure: (event, failed) => error(event, { error_detail: errorDetail(failed) }),
    close: () => new Promise((done) => (socket.destroyed ? done() : socket.end(() => done()))),
  };
}

function sayable(_name: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  return value instanceof Error ? value.message : value;
}
