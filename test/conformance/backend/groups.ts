/** Result backend cases: which tasks a group consists of is found again, where results are looked up at all. */
import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import type { GroupRecord } from "../../../packages/core/src/backend.ts";
import { eventually } from "../../support/eventually.ts";
import type { Suite } from "./world.ts";

const refused = expect.objectContaining({ code: "RESULT_GROUPS" });

export function describeGroups(suite: Suite): void {
  it("finds a group that another process saved, or refuses to save it", async () => {
    const group = groupOf(["a", "b"]);
    if (!suite.world().shared) {
      await expect(suite.worker().saveGroup(group)).rejects.toEqual(refused);
      await expect(suite.caller().restoreGroup(group.groupId)).rejects.toEqual(refused);
      return;
    }
    await suite.worker().saveGroup(group);
    expect(await suite.caller().restoreGroup(group.groupId)).toBe(group.text);
    expect(await suite.caller().restoreGroup(randomUUID())).toBeNull();
  });

  it("keeps a group apart from a task of its id, and what was saved last", async () => {
    if (!suite.world().shared) return expectNothingToForget(suite);
    const group = groupOf(["a"]);
    const record = suite.record({ taskId: group.groupId });
    await suite.worker().saveGroup(group);
    expect(await suite.worker().store(record)).toBe("stored");
    const later = groupOf(["a", "b"], { groupId: group.groupId });
    await suite.caller().saveGroup(later);
    expect(await suite.worker().restoreGroup(group.groupId)).toBe(later.text);
    await suite.worker().forget(group.groupId);
    expect(await suite.worker().restoreGroup(group.groupId)).toBe(later.text);
    await suite.worker().store(record);
    await suite.worker().forgetGroup(group.groupId);
    expect(await suite.caller().restoreGroup(group.groupId)).toBeNull();
    expect(await suite.caller().get(group.groupId)).toBe(record.text);
    await suite.worker().forgetGroup(group.groupId);
  });

  it("lets a group go after its time", async () => {
    if (!suite.world().shared) return expectNothingToForget(suite);
    const [short, long] = [groupOf(["a"], { expiresMs: 60 }), groupOf(["a"], { expiresMs: null })];
    await Promise.all([suite.worker().saveGroup(short), suite.worker().saveGroup(long)]);
    await eventually(async () => expect(await suite.caller().restoreGroup(short.groupId)).toBeNull());
    expect(await suite.caller().restoreGroup(long.groupId)).toBe(long.text);
    await suite.caller().forgetGroup(long.groupId);
  });
}

function groupOf(members: readonly string[], change: Partial<GroupRecord> = {}): GroupRecord {
  const groupId = change.groupId ?? randomUUID();
  const text = JSON.stringify({ result: [[groupId, null], members.map((id) => [[id, null], null])] });
  return { groupId, text, expiresMs: 3_600_000, ...change };
}

async function expectNothingToForget(suite: Suite): Promise<void> {
  await expect(suite.caller().forgetGroup(randomUUID())).resolves.toBeUndefined();
}
