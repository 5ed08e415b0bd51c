/** Saved groups as results of their own, under `<group>.group`: in stores that only we read. */
import type { GroupRecord, ResultBackend } from "../backend.ts";

type GroupMethods = Pick<ResultBackend, "saveGroup" | "restoreGroup" | "forgetGroup">;

export function groupsAmongResults(results: Pick<ResultBackend, "store" | "get" | "forget">): GroupMethods {
  const keyOf = (groupId: string) => `${groupId}.group`;
  return {
    async saveGroup({ groupId, text, expiresMs }: GroupRecord) {
      // No final state: who saves it once more keeps it longer.
      await results.store({ taskId: keyOf(groupId), state: "GROUP", attempt: 0, text, expiresMs, replyTo: null });
    },
    restoreGroup: (groupId) => results.get(keyOf(groupId)),
    forgetGroup: (groupId) => results.forget(keyOf(groupId)),
  };
}
