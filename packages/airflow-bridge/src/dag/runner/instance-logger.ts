/** The log of a task instance: its lines say whose they are, and secrets in them are masked, whoever writes them. */
import { type Logger, redact, redactText, withFields } from "@celeriac/core/runtime";
import type { InstancePlace, InstanceRecord } from "../records.ts";

export function instanceLogger(logger: Logger, instance: InstanceRecord): Logger {
  const fields = { ...placeFields(instance), tryNumber: instance.tryNumber };
  const masked = (level: keyof Logger) => (message: string, more?: object) =>
    logger[level](redactText(message), more === undefined ? undefined : (redact(more) as object));
  return withFields({ debug: masked("debug"), info: masked("info"), warn: masked("warn"), error: masked("error") }, fields);
}

/** Whose a line of a log is. */
export function placeFields({ dagId, runId, taskId, mapIndex }: InstancePlace): object {
  return { dagId, runId, taskId, ...(mapIndex < 0 ? {} : { mapIndex }) };
}
