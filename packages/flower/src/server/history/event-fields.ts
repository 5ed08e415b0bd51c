/** What is kept of an event beside the record of its task, as JSON. */
import type { HeardTaskEvent } from "./heard-event.ts";

/** The task's record has them, and no event of a task tells others. */
const inRecord: ReadonlySet<string> = new Set(["name", "args", "kwargs", "root_id", "parent_id", "utcoffset"]);

/** Of what is longer, written as JSON, nothing is kept. */
const longestField = 65_536;

/** null: nothing that the task's record would not say. */
export function keptFields(fields: HeardTaskEvent["fields"]): string | null {
  const short = Object.entries(fields)
    .filter(([name, value]) => value !== null && value !== undefined && !inRecord.has(name))
    .map(([name, value]) => [JSON.stringify(name), JSON.stringify(value) as string | undefined])
    .filter(([, value]) => value !== undefined && value.length <= longestField);
  return short.length === 0 ? null : `{${short.map(([name, value]) => `${name}:${value}`).join(",")}}`;
}
