/** The log of a task instance: its lines say whose they are, and secrets in them are masked, whoever writes them. */
import { type Logger, redact, redactText, withFields } from "@celeriac/core/runtime";
import type { InstanceRecord } from "../records.ts";

export function instanceLogger(logger: Logger, { dagId, runId, taskId, mapIndex, tryNumber }: InstanceRecord): Logger {
  const fields = { dagId, runId, taskId, ...(mapIndex < 0 ? {} : { mapIndex }), tryNumber };
  const masked = (level: keyof Logger) => (message: string, more?: object) =>
    logger[level](redactText(message), more === undefined ? undefined : (redact(more) as object));
  return withFields({ debug: masked("debug"), info: masked("info"), warn: masked("warn"), error: masked("error") }, fields);
}
