/** Part of the suite of histories: what is found out elsewhere, and how long all is kept. */
import { expect } from "vitest";
import { inTurn as it } from "../../support/beside.ts";
import { eventually } from "../../support/eventually.ts";
import { heard, success, workerEvent } from "../../support/heard.ts";
import { base, type HistorySuite, now, tellTo, uuidsIn } from "./world.ts";

export function describeKeeping(suite: HistorySuite): void {
  it("notes who did what", async () => {
    const entry = (at: number, refusal: string | null) => ({
      at,
      user: "ann",
      address: "::1",
      action: "revoke",
      target: "t1",
      refusal,
      details: { at },
    });
    await suite.history.note(entry(1, null));
    await suite.history.note(entry(2, "Read only mode is enabled"));
    expect(await suite.history.audit(10)).toEqual([entry(2, "Read only mode is enabled"), entry(1, null)]);
    expect(await suite.history.audit(1)).toHaveLength(1);
    expect(await suite.history.audit(10, 2)).toEqual([entry(1, null)]);
  });

  it("keeps so many tasks, the newest", async () => {
    const small = await (await suite.openOwn()).open({ limits: { tasks: 5 } });
    for (let n = 0; n < 20; n += 1) small.hear(heard(...success(`t${n}`, now + n)));
    await small.settled();
    await eventually(async () => expect((await small.facts()).tasks).toBe(5));
    expect((await small.tasks(base)).tasks.map(({ uuid }) => uuid)).toEqual(["t19", "t18", "t17", "t16", "t15"]);
    expect(await small.events("t1")).toEqual([]);
    expect(await small.facts()).toMatchObject({ events: 20 });
  });

  it("keeps tasks for so many days", async () => {
    const short = await (await suite.openOwn()).open({ limits: { days: 1 } });
    short.hear(heard(...success("old", now - 90_000), ...success("new", now)));
    await short.settled();
    await eventually(async () => expect((await short.tasks(base)).tasks.map(({ uuid }) => uuid)).toEqual(["new"]));
  });

  it("ends once, and answers nothing more", async () => {
    const closed = await (await suite.openOwn()).open();
    await Promise.all([closed.close(), closed.close()]);
    closed.hear(heard(...success("t1", now)));
    await expect(closed.task("t1")).rejects.toMatchObject({ code: "BROKER_CLOSED" });
  });

  it("is there again with all that was heard", async () => {
    const world = await suite.openOwn();
    if (!world.isKept) return;
    const first = await world.open();
    await tellTo(first, ...success("t1", now), workerEvent("heartbeat", "w1@box", now));
    first.hear(heard(...success("t2", now)));
    await first.close();
    const second = await world.open();
    expect(await uuidsIn(second)).toEqual(["t2", "t1"]);
    expect((await second.workers())[0]!.counts).toMatchObject({ "task-succeeded": 2, "worker-heartbeat": 1 });
    await tellTo(second, ...success("t3", now));
    expect((await second.workers())[0]!.counts).toMatchObject({ "task-succeeded": 3 });
  });
}
