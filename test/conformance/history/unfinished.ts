/** History cases: what has not ended, and what was found out of it elsewhere. */
import { expect } from "vitest";
import type { History, UnfinishedTask } from "../../../packages/flower/src/server/history/history.ts";
import { inTurn as it } from "../../support/beside.ts";
import { heard, success, type ToldEvent, taskEvent } from "../../support/heard.ts";

const now = Date.now() / 1_000 - 60;

async function tell(history: History, ...events: readonly ToldEvent[]): Promise<void> {
  for (const event of events) history.hear(heard(event));
  await history.settled();
}

/** All, page by page. */
async function unfinished(history: History, isBegun: boolean, limit: number): Promise<readonly string[]> {
  const uuids: string[] = [];
  for (let after: UnfinishedTask | null = null; ; ) {
    const tasks: readonly UnfinishedTask[] = await history.unfinished({ isBegun, after, limit });
    uuids.push(...tasks.map(({ uuid }) => uuid));
    if (tasks.length < limit) return uuids;
    after = tasks.at(-1)!;
  }
}

/** `open`: a history of its own for each call. */
export function describeUnfinished(open: () => Promise<History>): void {
  it("finds what has not ended, state by state and page by page", async () => {
    const history = await open();
    await tell(
      history,
      ...["b", "a", "c"].map((uuid) => taskEvent("sent", uuid, now - 90)),
      taskEvent("received", "old", now - 100),
      taskEvent("started", "old", now - 99),
      taskEvent("retried", "again", now),
      taskEvent("cooking", "custom", now, { name: "tasks.cook" }),
      taskEvent("received", "new", now),
      taskEvent("started", "gone", now),
      ...success("done", now - 100),
    );
    for (const limit of [1, 2, 10]) {
      expect(await unfinished(history, true, limit)).toEqual(["custom", "new", "old", "gone"]);
      expect(await unfinished(history, false, limit)).toEqual(["custom", "a", "b", "c", "new", "again", "old", "gone"]);
    }
    const [first] = await history.unfinished({ isBegun: true, after: null, limit: 1 });
    expect(first).toEqual({ uuid: "custom", name: "tasks.cook", state: "COOKING", worker: "w1@box", timestamp: now });
  });

  it("takes what was found out elsewhere of a task that has not ended", async () => {
    const history = await open();
    for (const uuid of ["gone", "old"]) await tell(history, taskEvent("started", uuid, now));
    await tell(history, ...success("done", now - 100));
    await history.amend("gone", { lostAt: now + 5 });
    await history.amend("old", { state: "FAILURE", failed: now - 1, exception: "WorkerLostError()" });
    await history.amend("done", { state: "FAILURE" });
    await history.amend("nobody", { state: "FAILURE" });
    expect(await unfinished(history, false, 10)).toEqual([]);
    expect(await history.task("gone")).toMatchObject({ state: "STARTED", lostAt: now + 5 });
    expect(await history.task("old")).toMatchObject({ state: "FAILURE", failed: now - 1, exception: "WorkerLostError()" });
    expect(await history.task("done")).toMatchObject({ state: "SUCCESS" });
    await tell(history, taskEvent("succeeded", "gone", now + 9, { result: "1" }));
    expect(await history.task("gone")).toMatchObject({ state: "SUCCESS", lostAt: null });
  });

  it("counts an end that was found out elsewhere when it was, and once, though its event comes after all", async () => {
    const history = await open();
    const at = Math.floor(now / 60) * 60 - 600;
    const ends = async () =>
      (await history.series({ from: at, to: at + 120, step: 60 })).map(({ succeeded, failed, run }) => [
        succeeded,
        failed,
        run.reduce((all, one) => all + one, 0),
      ]);
    for (const uuid of ["a", "b"]) await tell(history, taskEvent("started", uuid, at + 1));
    await history.amend("a", { state: "SUCCESS", succeeded: at + 65 });
    await history.amend("b", { state: "FAILURE", failed: at + 2 });
    await history.amend("b", { lostAt: at + 3 });
    expect(await ends()).toEqual([
      [0, 1, 0],
      [1, 0, 0],
    ]);
    await tell(history, taskEvent("succeeded", "a", at + 65.1, { runtime: 64 }));
    expect(await ends()).toEqual([
      [0, 1, 0],
      [1, 0, 1],
    ]);
    // It came to another worker as well.
    await tell(history, taskEvent("succeeded", "a", at + 66, { runtime: 64, clock: 9 }));
    expect(await ends()).toEqual([
      [0, 1, 0],
      [2, 0, 2],
    ]);
  });
}
