/** Whether the task that an entry sent last still is under way, for entries whose tasks are not to overlap. */
import { type AppRuntime, idsSentAs, isFinal, resultExpiresMs, type Sender, type StoredEntry } from "@celeriac/core/runtime";

/** Throws BACKEND_*. */
export async function isUnderWay(
  { settings }: Pick<AppRuntime, "settings">,
  sender: Sender,
  { lastTaskId, lastSentAt }: Pick<StoredEntry, "lastTaskId" | "lastSentAt">,
  now: number,
): Promise<boolean> {
  if (lastTaskId === null || lastSentAt === null) return false;
  const snapshot = await sender.result(lastTaskId, null).snapshot();
  if (isFinal(snapshot.state)) return false;
  // Nothing is known of a task that waits, nor of one whose result is gone.
  return snapshot.state !== "PENDING" || now - lastSentAt < (resultExpiresMs(settings) ?? Number.POSITIVE_INFINITY);
}

/** Ends it, with its process if it must be; of a composite all of it. Throws BROKER_*, PUBLISH_*. */
export async function cancelRun(sender: Sender, { definition, lastTaskId }: Pick<StoredEntry, "definition" | "lastTaskId">): Promise<void> {
  const ids = lastTaskId === null ? [] : idsSentAs(definition, lastTaskId);
  await Promise.all(ids.map((id) => sender.result(id, null).revoke({ terminate: true })));
}
