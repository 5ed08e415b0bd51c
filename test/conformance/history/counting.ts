/** Part of the suite of histories: workers, and counts by the minute and the hour. */
import { expect } from "vitest";
import { histogramBounds } from "../../../packages/flower/src/server/history/history.ts";
import { inTurn as it } from "../../support/beside.ts";
import { heard, success, taskEvent, workerEvent } from "../../support/heard.ts";
import { type HistorySuite, now, tellTo, uuidsIn } from "./world.ts";

export function describeCounting(suite: HistorySuite): void {
  it("knows who is there, and what each has told", async () => {
    const own = await (await suite.openOwn()).open();
    const at = Date.now() / 1_000;
    await tellTo(own, workerEvent("online", "w1@box", at - 1), workerEvent("heartbeat", "w1@box", at, { active: 3, processed: 9 }));
    await tellTo(own, workerEvent("online", "w2@box", at), workerEvent("offline", "w2@box", at + 0.1), ...success("t1", at));
    const [w1, w2, ...others] = await own.workers();
    expect(w1).toMatchObject({
      hostname: "w1@box",
      online: true,
      active: 3,
      processed: 9,
      freq: 2,
      heardAt: at,
      loadavg: [0.1, 0.2, 0.3],
    });
    expect(w1!.counts).toEqual({ "worker-online": 1, "worker-heartbeat": 1, "task-received": 1, "task-started": 1, "task-succeeded": 1 });
    expect(w1!.heartbeats.length).toBeLessThanOrEqual(4);
    expect(w2).toMatchObject({ hostname: "w2@box", online: false, heartbeats: [] });
    expect(others).toEqual([]);
    expect(await own.forgetWorkers(3_600)).toEqual([]);
    expect(await own.forgetWorkers(-3_600)).toEqual(["w2@box"]);
    expect((await own.workers()).map(({ hostname }) => hostname)).toEqual(["w1@box"]);
  });

  it("counts by the minute and the hour, by name and queue", async () => {
    const own = await (await suite.openOwn()).open();
    const at = Math.floor(now / 3_600) * 3_600 - 3_600;
    for (let n = 0; n < 3; n += 1)
      await tellTo(own, ...success(`s${n}`, at + 60 * n, { runtime: 0.2, name: n === 2 ? "tasks.b" : "tasks.add" }));
    await tellTo(own, taskEvent("failed", "f", at, { name: "tasks.add", exception: "ValueError('x')" }));
    const minutes = await own.series({ from: at, to: at + 240, step: 60 });
    expect(minutes.map(({ succeeded, failed }) => [succeeded, failed])).toEqual([
      [1, 1],
      [1, 0],
      [1, 0],
      [0, 0],
    ]);
    expect(minutes[0]).toMatchObject({ at, received: 1, retried: 0, revoked: 0 });
    expect(minutes[0]!.wait.reduce((a, b) => a + b)).toBe(1);
    const [hourly] = await own.series({ from: at, to: at + 3_600, step: 3_600 });
    expect(hourly).toMatchObject({ at, succeeded: 3, failed: 1 });
    expect(hourly!.run[histogramBounds.indexOf(0.25)]).toBe(3);
    expect((await own.series({ from: at, to: at + 3_600, step: 3_600, name: "tasks.b" }))[0]).toMatchObject({
      succeeded: 1,
      failed: 0,
    });
    expect((await own.types({ from: at, to: at + 3_600 })).map((type) => [type.name, type.succeeded, type.failed])).toEqual([
      ["tasks.b", 1, 0],
      ["tasks.add", 2, 1],
    ]);
  });

  it("gives as many points as were asked for, and counts no name beyond the two thousandth", async () => {
    const own = await (await suite.openOwn()).open();
    for (let n = 0; n < 2_100; n += 1) own.hear(heard(taskEvent("received", `t${n}`, now, { name: `tasks.n${n}` })));
    await own.settled();
    expect(await own.taskTypes()).toHaveLength(2_000);
    const types = await own.types({ from: now - 60, to: now + 60 });
    expect(types).toHaveLength(2_001);
    expect(types.find(({ name: type }) => type === "_other")).toMatchObject({ received: 100 });
    expect(await uuidsIn(own, { name: "tasks.n2099" })).toEqual(["t2099"]);
  });
}
