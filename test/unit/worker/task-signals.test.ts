/** The signals of tasks that a worker tells in its own process. */
import { expect, it } from "vitest";
import { delivered, startWalk, succeeded } from "../../support/walk.ts";

function listen(app: ReturnType<typeof startWalk>["app"]): unknown[] {
  const told: unknown[] = [];
  const { taskReceived, taskRevoked, taskUnknown, taskRejected } = app.signals;
  taskReceived.connect(({ task, id, hostname, queue, retries }) => told.push(["received", task, id, hostname, queue, retries]));
  taskRevoked.connect(({ id, terminated, signum, expired }) => told.push(["revoked", id, terminated, signum, expired]));
  taskUnknown.connect(({ task, id }) => told.push(["unknown", task, id]));
  taskRejected.connect(({ queue, reason }) => told.push(["rejected", queue, reason]));
  return told;
}

it("tell that a task came, and nothing of one that ends as tasks do", async () => {
  const walk = startWalk();
  walk.app.task("t", () => 1);
  const told = listen(walk.app);
  walk.deliver("t", { id: "the-id", headers: { retries: 2 } });
  await walk.end(succeeded(1));
  expect(told).toEqual([["received", "t", "the-id", "w1@host", "q", 2]]);
});

it("tell that a task was not run, or not to its end, and why", async () => {
  const walk = startWalk();
  walk.app.task("t", () => 1);
  const told = listen(walk.app);
  walk.deliver("t", { id: "late", headers: { expires: "2026-01-01T00:00:00Z" } });
  walk.revoked.addIds(["unwanted"]);
  walk.deliver("t", { id: "unwanted" });
  walk.deliver("unheard", { id: "odd" });
  walk.deliver("t", { id: "ended" });
  walk.deliver("t", { id: "aborted" });
  await walk.clock.advance(0);
  await walk.end({ kind: "terminated", signal: "SIGTERM" });
  await walk.end({ kind: "revoked", reason: "user left", begun: true });
  expect(told).toEqual([
    ["received", "t", "ended", "w1@host", "q", 0],
    ["received", "t", "aborted", "w1@host", "q", 0],
    ["revoked", "late", false, null, true],
    ["revoked", "unwanted", false, null, false],
    ["unknown", "unheard", "odd"],
    ["revoked", "ended", true, 15, false],
    ["revoked", "aborted", true, null, false],
  ]);
});

it("tell of a message that is no task", async () => {
  const walk = startWalk();
  const told = listen(walk.app);
  walk.deliver("t", { headers: { task: 7 } });
  await walk.clock.advance(0);
  expect(told).toEqual([["rejected", "q", expect.stringContaining("MESSAGE_UNDECODABLE")]]);
});

it("say nothing when the claim was lost", async () => {
  const { walk } = await delivered({}, { answers: ["lost"] });
  const told = listen(walk.app);
  await walk.end({ kind: "terminated", signal: "SIGTERM" });
  expect(told).toEqual([]);
});
