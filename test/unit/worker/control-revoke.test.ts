/** Revoking, aborting and terminating over remote control, from the call to the worker that carries it out. */
import { type App, type AsyncResult, createApp } from "@celeriac/core";
import { createWorker, type WorkerOptions } from "@celeriac/worker";
import { describe, expect, it, onTestFinished } from "vitest";

let lastName = 0;

/** A worker with one slot, and tasks that run until they are told to end. */
async function started(options: WorkerOptions = {}) {
  const app = createApp("revoking", { broker: `memory://revoking-${++lastName}`, config: { taskTrackStarted: true } });
  const waits = app.bound("waits", async (self) => {
    await new Promise((_, reject) => self.signal.addEventListener("abort", () => reject(self.signal.reason)));
  });
  const adds = app.task("adds", (a: number, b: number) => a + b);
  const worker = createWorker(app, { pool: "inline", concurrency: 1, hostname: "w1@host", ...options });
  onTestFinished(async () => {
    await worker.stop({ deadline: 0 });
    await app.close();
  });
  await worker.start();
  return { app, waits, adds };
}

async function begun<R extends AsyncResult<unknown>>(sent: Promise<R>): Promise<R> {
  const result = await sent;
  for await (const { state } of result.watch()) if (state === "STARTED") break;
  return result;
}

const reasonOf = async (result: AsyncResult<unknown>) => {
  const end = await result.settled();
  return end.state === "REVOKED" ? end.error.reason : end.state;
};
const answer = async (app: App, command: string, args: object) =>
  (await app.control.broadcast(command, args, { reply: true, limit: 1 }))["w1@host"];

describe("abort", () => {
  it("reaches a task that runs, which ends as revoked with the reason, and one that waits, which never begins", async () => {
    const { waits, adds } = await started();
    const running = await begun(waits.delay());
    const waiting = await adds.delay(1, 2);
    await waiting.abort("not needed");
    await running.abort("user left");
    expect([await reasonOf(running), await reasonOf(waiting)]).toEqual(["user left", "not needed"]);
  });

  it("without a reason says that it was aborted, and keeps from beginning what is sent later, or comes back due", async () => {
    const { app, adds } = await started();
    expect(await answer(app, "revoke", { task_id: "later", abort: "aborted" })).toEqual({ ok: "tasks later flagged as revoked" });
    const [later, due] = await Promise.all([adds.applyAsync([1, 2], { taskId: "later" }), adds.applyAsync([1, 2], { countdown: "100ms" })]);
    await due.abort();
    expect([await reasonOf(later), await reasonOf(due)]).toEqual(["aborted", "aborted"]);
    expect(await app.control.inspect("revoked", { limit: 1 })).toEqual({ "w1@host": ["later", due.id] });
  });
});

describe("revoke", () => {
  it("lets go on what runs, and with terminate tells it to give way where nothing can end it", async () => {
    const { waits, adds } = await started();
    const running = await begun(waits.delay());
    const waiting = await adds.delay(1, 2);
    await waiting.revoke();
    await running.revoke({ wait: true, timeout: "50ms" });
    expect(await running.state()).toBe("STARTED");
    await running.revoke({ terminate: true });
    expect([await reasonOf(running), await reasonOf(waiting)]).toEqual(["terminated", "revoked"]);
  });

  it("answers as Celery's workers do", async () => {
    const { app, waits } = await started();
    const { id } = await begun(waits.delay());
    expect(await answer(app, "revoke", { task_id: ["b", "a", "b"] })).toEqual({ ok: "tasks b, a flagged as revoked" });
    expect(await answer(app, "revoke", { task_id: "c", terminate: false, signal: "SIGTERM" })).toEqual({
      ok: "tasks c flagged as revoked",
    });
    expect(await answer(app, "terminate", { task_id: "d", signal: "KILL" })).toEqual({ ok: "terminate: tasks unknown" });
    // Flower's words.
    expect(await answer(app, "revoke", { task_id: "f", terminate: 0, signal: "SIGTERM" })).toMatchObject({ ok: expect.anything() });
    expect(await answer(app, "revoke", { task_id: [id, "e"], terminate: 1, signal: 15 })).toEqual({ ok: `terminate: ${id}` });
    expect(await answer(app, "revoked", {})).toEqual(["b", "a", "c", "d", "f", id, "e"]);
    for (const args of [{}, { task_id: 7 }, { task_id: "a", terminate: 2 }, { task_id: "a", terminate: true, signal: "SIGNOTHING" }])
      expect(await answer(app, "revoke", args)).toEqual({ error: expect.stringMatching(/task_id|terminate|signal/) });
  });

  it("by stamps finds what bears one of them, and answers as Celery's workers do", async () => {
    const { app, waits, adds } = await started();
    const customer = (name: string) => ({ stamps: { customer: name } });
    const running = await begun(waits.applyAsync([], customer("acme")));
    const waiting = await adds.applyAsync([1, 2], customer("other"));
    const revoke = (headers: unknown, terminate: boolean) => answer(app, "revoke_by_stamped_headers", { headers, terminate });
    expect(await revoke({ customer: "other" }, false)).toEqual({
      ok: "headers {'customer': 'other'} flagged as revoked, but not terminated",
    });
    expect(await revoke(["customer=none", "customer=nobody"], true)).toEqual({
      ok: "headers {'customer': ['none', 'nobody']} were not terminated",
    });
    expect(await revoke({ customer: ["acme"] }, true)).toEqual({ ok: "headers {'customer': {'acme'}} revoked" });
    expect([await reasonOf(running), await reasonOf(waiting)]).toEqual(["terminated", "revoked"]);
    await app.control.revokeByStampedHeaders({ customer: "last" }, { reply: true, limit: 1 });
    expect(await reasonOf(await adds.applyAsync([1, 2], customer("last")))).toBe("revoked");
  });
});
