/** Tells what happened to tasks: one log line for each change of state, and counters. Nobody who is told can change the flow. */
import { type EventFields, type EventType, eventTable, type Logger, type TaskEventType } from "@celeriac/core/runtime";
import type { Request } from "./request.ts";

export interface Teller {
  task<T extends TaskEventType>(type: T, request: Request, fields: () => EventFields<T>): void;
  worker<T extends Exclude<EventType, TaskEventType>>(type: T, fields: EventFields<T>): void;
  /** how often each event was told */
  counts(): Readonly<Record<EventType, number>>;
}

/** Events a person should look at, and those that will heal by themselves; all others are information. */
const levels: Partial<Record<EventType, "error" | "warn" | "debug">> = {
  "task-failed": "error",
  "task-dead-lettered": "error",
  "task-lost": "warn",
  "task-retried": "warn",
  "task-started": "debug",
};

export function createTeller(logger: Logger, shows: (level: "debug" | "info" | "warn" | "error") => boolean): Teller {
  const counts = Object.fromEntries(Object.keys(eventTable).map((type) => [type, 0])) as Record<EventType, number>;
  return {
    task(type, request, fields) {
      counts[type]++;
      const level = levels[type] ?? "info";
      if (!shows(level)) return;
      logger[level](type, {
        task: request.headers.shadow ?? request.headers.task,
        taskId: request.headers.id,
        attempt: request.headers.retries,
        ...fields(),
      });
    },
    worker(type, fields) {
      counts[type]++;
      logger.info(type, fields);
    },
    counts: () => ({ ...counts }),
  };
}
