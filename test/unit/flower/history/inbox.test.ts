import { describe, expect, it } from "vitest";
import { type HeardEvent, readEvent } from "../../../../packages/flower/src/server/history/heard-event.ts";
import { Inbox } from "../../../../packages/flower/src/server/history/inbox.ts";
import { success, type ToldEvent, taskEvent, workerEvent } from "../../../support/heard.ts";

function fill(inbox: Inbox, ...events: readonly ToldEvent[]): void {
  for (const event of events) inbox.push(readEvent(event, 1)!);
}

function all(inbox: Inbox): readonly HeardEvent[] {
  const taken = inbox.take(1_000);
  inbox.giveBack();
  return taken;
}

const types = (inbox: Inbox) => all(inbox).map(({ type }) => type);

describe("Inbox", () => {
  it("gives the oldest first, and keeps them until they are done", () => {
    const inbox = new Inbox(10);
    fill(inbox, ...success("t", 1));
    expect(inbox.take(2).map(({ type }) => type)).toEqual(["task-sent", "task-received"]);
    inbox.giveBack();
    expect(inbox.take(2).map(({ type }) => type)).toEqual(["task-sent", "task-received"]);
    inbox.done();
    expect(types(inbox)).toEqual(["task-started", "task-succeeded"]);
    expect(inbox.dropped).toBe(0);
  });

  it("drops nothing of what is being written, and counts it as waiting", () => {
    const inbox = new Inbox(10);
    fill(inbox, ...success("a", 1));
    expect(inbox.take(4)).toHaveLength(4);
    for (let n = 0; n < 20; n += 1) fill(inbox, workerEvent("heartbeat", "w", n));
    expect(inbox.length).toBe(24 - inbox.dropped);
    inbox.giveBack();
    expect(types(inbox).slice(0, 4)).toEqual(["task-sent", "task-received", "task-started", "task-succeeded"]);
  });

  it("drops heartbeats first", () => {
    const inbox = new Inbox(10);
    fill(
      inbox,
      ...Array.from({ length: 5 }, (_, at) => workerEvent("heartbeat", "w", at)),
      ...success("a", 1),
      ...success("b", 1).slice(0, 2),
    );
    expect(inbox.dropped).toBe(2);
    expect(types(inbox).filter((type) => type === "worker-heartbeat")).toHaveLength(3);
    expect(types(inbox).filter((type) => type.startsWith("task-"))).toHaveLength(6);
  });

  it("drops what was told of ended tasks before that of others", () => {
    const inbox = new Inbox(10);
    fill(
      inbox,
      taskEvent("received", "open", 1),
      ...success("a", 1),
      ...success("b", 1),
      taskEvent("started", "open", 2),
      taskEvent("sent", "new", 2),
    );
    expect(inbox.dropped).toBe(2);
    expect(types(inbox)).toContain("task-succeeded");
    expect(all(inbox).filter((event) => event.kind === "task" && event.uuid === "open")).toHaveLength(2);
  });

  it("never drops an end while anything else is there", () => {
    const inbox = new Inbox(10);
    for (let n = 0; n < 50; n += 1) fill(inbox, ...success(`t${n}`, n), workerEvent("heartbeat", "w", n));
    const ends = types(inbox).filter((type) => type === "task-succeeded");
    // The last of them came after the last time that there were too many.
    expect(ends.length).toBe(40);
    expect(inbox.dropped).toBe(250 - inbox.length);
  });
});
