/** A group as it is kept in a result backend: the JSON of its result tuple, as Celery's GroupResult.save() writes it. */
import type { GroupRecord } from "./backend.ts";
import { resultExpiresMs, type Settings } from "./config.ts";
import { CeleriacError } from "./errors.ts";
import { resultContent } from "./result-form.ts";
import { type ResultTuple, readTuple } from "./result-meta.ts";

/** As long as a result. */
export function groupRecord(
  settings: Pick<Settings, "resultExpires" | "resultSerializer">,
  groupId: string,
  tuple: ResultTuple,
): GroupRecord {
  const text = JSON.stringify({ result: tuple });
  return { groupId, text, content: resultContent(text, settings.resultSerializer), expiresMs: resultExpiresMs(settings) };
}

/** Throws RESULT_UNREADABLE. */
export function readGroup(groupId: string, text: string): ResultTuple {
  let tuple: ResultTuple | null = null;
  let cause: unknown;
  try {
    tuple = readTuple((JSON.parse(text) as { readonly result?: unknown } | null)?.result);
  } catch (error) {
    cause = error;
  }
  if (tuple !== null && tuple[1] !== null) return tuple;
  throw new CeleriacError("RESULT_UNREADABLE", `What was saved of group ${groupId} is not Celery's JSON of a group`, { cause });
}
