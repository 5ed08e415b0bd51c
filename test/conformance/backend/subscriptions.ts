/** Result backend cases: who waits for a result is told. */
import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { collect, type Suite } from "./world.ts";

export function describeSubscriptions(suite: Suite): void {
  it("tells a subscriber what is there already", async () => {
    const record = suite.record({ value: "early" });
    const first = await collect(suite.caller(), record.taskId);
    await suite.worker().store(record);
    await eventually(async () => expect(await suite.caller().get(record.taskId)).not.toBeNull());
    const second = await collect(suite.caller(), record.taskId);
    await eventually(() => expect(second.last()).toEqual({ status: "SUCCESS", result: "early" }));
    first.close();
    second.close();
  });

  it("tells a subscriber each final state, in order of attempts", async () => {
    const taskId = randomUUID();
    const watch = await collect(suite.caller(), taskId);
    for (const attempt of [0, 1]) {
      const state = attempt === 0 ? "FAILURE" : "SUCCESS";
      await suite.worker().store(suite.record({ taskId, state, attempt, value: attempt }));
      await eventually(() => expect(watch.last()).toEqual({ status: state, result: attempt }));
    }
    watch.close();
  });

  it("tells every subscriber of a task", async () => {
    const record = suite.record({ value: "all" });
    const backends = suite.world().shared ? [suite.caller(), suite.worker()] : [suite.caller()];
    const watches = await Promise.all(Array.from({ length: 20 }, (_, index) => collect(backends[index % backends.length]!, record.taskId)));
    await suite.worker().store(record);
    await eventually(() => expect(watches.map((watch) => watch.last()?.result)).toEqual(watches.map(() => "all")));
    for (const watch of watches) watch.close();
  });

  it("says nothing to a closed subscriber, and goes on telling the others", async () => {
    const taskId = randomUUID();
    const closed = await collect(suite.caller(), taskId);
    const open = await collect(suite.caller(), taskId);
    closed.close();
    closed.close();
    await suite.worker().store(suite.record({ taskId, value: "late" }));
    await eventually(() => expect(open.last()?.result).toBe("late"));
    expect(closed.all).toEqual([]);
    open.close();
  });

  it("can be subscribed again after all subscribers closed", async () => {
    const taskId = randomUUID();
    (await collect(suite.caller(), taskId)).close();
    const watch = await collect(suite.caller(), taskId);
    await suite.worker().store(suite.record({ taskId, value: "again" }));
    await eventually(() => expect(watch.last()?.result).toBe("again"));
    watch.close();
  });

  it("tells what is there already to whoever comes in the moment in which the last subscriber leaves", async () => {
    const record = suite.record({ value: "told before" });
    const first = await collect(suite.caller(), record.taskId);
    await suite.worker().store(record);
    await eventually(() => expect(first.last()?.result).toBe("told before"));
    first.close();
    const second = await collect(suite.caller(), record.taskId);
    expect(second.last()).toEqual({ status: "SUCCESS", result: "told before" });
    second.close();
  });

  it("serves 500 subscriptions at once", async () => {
    const records = Array.from({ length: 500 }, (_, value) => suite.record({ value }));
    const watches = await Promise.all(records.map((record) => collect(suite.caller(), record.taskId)));
    await Promise.all(records.map((record) => suite.worker().store(record)));
    await eventually(() => expect(watches.every((watch, index) => watch.last()?.result === index)).toBe(true));
    for (const watch of watches) watch.close();
  });

  it("still tells a subscriber after every connection was cut", async () => {
    const { breakConnections } = suite.world();
    const record = suite.record({ value: "after the cut" });
    const watch = await collect(suite.caller(), record.taskId);
    await breakConnections?.call(suite.world());
    await eventually(async () => expect(await suite.worker().store(record)).toBe("stored"));
    await eventually(() => expect(watch.last()?.result).toBe("after the cut"));
    watch.close();
  });
}
