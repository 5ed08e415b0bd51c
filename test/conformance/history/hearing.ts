/** Part of the suite of histories: what becomes of what is heard. */
import { expect } from "vitest";
import type { Change } from "../../../packages/flower/src/server/history/history.ts";
import { inTurn as it } from "../../support/beside.ts";
import { eventually } from "../../support/eventually.ts";
import { success, taskEvent, workerEvent } from "../../support/heard.ts";
import { type HistorySuite, now } from "./world.ts";

export function describeHearing(suite: HistorySuite): void {
  it("puts together what it heard of a task", async () => {
    await suite.tell(...success("whole", now, { root_id: "r", parent_id: "p" }));
    expect(await suite.history.task("whole")).toMatchObject({
      ...{ uuid: "whole", name: "tasks.add", state: "SUCCESS", args: "(1, 2)", kwargs: "{}", result: "3", runtime: 0.25, retries: 0 },
      ...{ sent: now, received: now + 0.1, started: now + 0.2, succeeded: now + 0.5, timestamp: now + 0.5, failed: null, eta: null },
      ...{
        worker: "w1@box",
        client: "gen1@box",
        queue: "celery",
        exchange: "",
        routingKey: "celery",
        rootId: "r",
        parentId: "p",
        lostAt: null,
      },
    });
    expect(await suite.history.events("whole")).toMatchObject([
      { type: "task-sent", timestamp: now, hostname: "gen1@box", fields: { queue: "celery" } },
      { type: "task-received", timestamp: now + 0.1 },
      { type: "task-started", timestamp: now + 0.2, hostname: "w1@box" },
      { type: "task-succeeded", timestamp: now + 0.5, fields: { result: "3", runtime: 0.25 } },
    ]);
    expect(await suite.history.children("p")).toEqual(["whole"]);
    expect(await suite.history.childrenOf(["nobody", "p"])).toEqual([[], ["whole"]]);
    expect(await suite.history.taskTypes()).toContain("tasks.add");
  });

  it("goes on with a task that it has written before", async () => {
    const before = await suite.history.facts();
    const [sent, ...rest] = success("parts", now);
    await suite.tell(sent!);
    expect(await suite.history.task("parts")).toMatchObject({ state: "PENDING", worker: null });
    await suite.tell(...rest);
    expect(await suite.history.task("parts")).toMatchObject({ state: "SUCCESS", queue: "celery" });
    expect(await suite.history.facts()).toMatchObject({ tasks: before.tasks + 1, events: before.events + 4 });
  });

  it("passes over what is no event", async () => {
    const before = await suite.history.facts();
    const broken = { headers: {}, contentType: "application/json" };
    suite.history.hear({ ...broken, body: Buffer.from("{") });
    suite.history.hear({ ...broken, body: Buffer.from('[1, null, {"type": "task-sent"}, {"type": 3}]') });
    suite.history.hear({ ...broken, contentType: "application/x-python-serialize", body: Buffer.from("no") });
    await suite.tell(...success("after", now));
    expect(await suite.history.facts()).toMatchObject({ tasks: before.tasks + 1, events: before.events + 4 });
  });

  it("goes on whatever it is told", async () => {
    const strange = "\0\ud800'\\\u{1f600}%_?$1";
    const long = "ö\0".repeat(40_000);
    const before = await suite.history.facts();
    await suite.tell(
      taskEvent("received", "strange", now, { name: strange, args: strange, queue: long, root_id: long, eta: strange, retries: 1e300 }),
      taskEvent(strange, "strange", now + 1, { hostname: strange, name: long, kwargs: { a: [strange] }, runtime: 5e-324 }),
      taskEvent("cooking", strange, 1e300, { clock: Number.MAX_SAFE_INTEGER }),
      taskEvent("succeeded", "strange", now + 2, { result: long, clock: -1.5, ...{ [strange]: strange } }),
      workerEvent("heartbeat", `w\0`, -1e300, { sw_ident: strange }),
      workerEvent("heartbeat", "w3@box", now, { sw_ident: strange, loadavg: [strange, 1e300], active: -0.5 }),
      ...success("unhurt", now),
    );
    expect(await suite.history.task("unhurt")).toMatchObject({ state: "SUCCESS" });
    expect(await suite.history.task("strange")).toMatchObject({ state: "SUCCESS", retries: 1e300 });
    expect(await suite.history.facts()).toMatchObject({ tasks: before.tasks + 2, events: before.events + 6, trouble: null });
  });

  it("keeps no secrets", async () => {
    await suite.tell(...success("secret", now, { kwargs: "{'password': 'hunter2', 'n': 1}", result: "'redis://u:hunter2@box'" }));
    const found = JSON.stringify([await suite.history.task("secret"), await suite.history.events("secret")]);
    expect(found).not.toContain("hunter2");
    expect(found).toContain("'n': 1");
  });

  it("tells who follows what has changed, and no more when that ends", async () => {
    const changes: Change[] = [];
    const end = suite.history.follow((change) => changes.push(change));
    await suite.tell(...success("followed", now), workerEvent("heartbeat", "w7@box", now + 1));
    await eventually(() => expect(changes.flatMap(({ tasks }) => tasks).at(-1)).toMatchObject({ uuid: "followed", state: "SUCCESS" }));
    await eventually(() =>
      expect(changes.flatMap(({ workers }) => workers).at(-1)).toMatchObject({ hostname: "w7@box", heardAt: now + 1 }),
    );
    const counted = changes.flatMap((change) => change.counted);
    expect(counted.map(({ type, count }) => [type, count])).toEqual([
      ["task-sent", 1],
      ["task-received", 1],
      ["task-started", 1],
      ["task-succeeded", 1],
    ]);
    expect(counted[2]!.prefetch).toBeCloseTo(0.1);
    expect(counted[3]).toMatchObject({ task: "tasks.add", worker: "w1@box", runtime: 0.25, hasEta: false });
    end();
    const before = changes.length;
    await suite.tell(...success("unfollowed", now));
    await suite.history.task("unfollowed");
    expect(changes).toHaveLength(before);
  });
}
