/** What a worker does to the tasks it holds when it is told to revoke, abort or terminate them. */
import { describe, expect, it } from "vitest";
import type { Pool } from "../../../packages/worker/src/pool.ts";
import { createRevoker } from "../../../packages/worker/src/revoker.ts";
import { startWalk } from "../../support/walk.ts";

/** A worker that holds tasks of these ids, of which some run. */
function holding(ids: readonly string[], { running = ids, endsRuns = true }: { running?: readonly string[]; endsRuns?: boolean } = {}) {
  const walk = startWalk();
  walk.app.task("t", () => 1);
  for (const id of ids)
    walk.deliver("t", { id, headers: { stamped_headers: ["customer"], stamps: { customer: [id.slice(0, 1), "all"], other: [1] } } });
  const asked: string[] = [];
  const pool = {
    endsRuns,
    takeBack: (id) => void asked.push(`take back ${id}`),
    abort: (id, reason, message) => asked.push(`abort ${id}: ${reason}, ${message}`) > 0,
    terminateRun(id, signal) {
      if (running.includes(id)) asked.push(`${signal} ${id}`);
      return running.includes(id);
    },
  } satisfies Partial<Pool>;
  return { ...walk, asked, revoker: createRevoker({ revoked: walk.revoked, consumer: walk.consumer, pool }) };
}

describe("a revoker", () => {
  it("takes back what has not begun of those that are revoked, and remembers all of them", () => {
    const { revoker, asked, revoked } = holding(["a1", "b1"]);
    expect(revoker.revoke(["a1", "unheard"], { kind: "leave" })).toEqual(["a1"]);
    expect([asked, revoked.ids]).toEqual([["take back a1"], ["a1", "unheard"]]);
  });

  it("aborts with the reason that is remembered", () => {
    const { revoker, asked, revoked } = holding(["a1"]);
    revoker.revoke(["a1"], { kind: "abort", reason: "user left" });
    expect(asked).toEqual(["abort a1: aborted, user left"]);
    expect(revoked.reasonFor({ id: "a1", stamps: null })).toBe("user left");
  });

  it("ends what runs by the signal it is told, and takes back what does not run", () => {
    const { revoker, asked } = holding(["a1", "a2"], { running: ["a2"] });
    revoker.revoke(["a1", "a2"], { kind: "terminate", signal: "SIGKILL" });
    expect(asked).toEqual(["take back a1", "SIGKILL a2"]);
  });

  it("tells what nothing can end to give way, and lets SIGUSR1 be the soft limit that it is", () => {
    const { revoker, asked } = holding(["a1"], { endsRuns: false });
    revoker.revoke(["a1"], { kind: "terminate", signal: "SIGTERM" });
    revoker.revoke(["a1"], { kind: "terminate", signal: "SIGUSR1" });
    expect(asked).toEqual(["abort a1: revoked, terminated", "SIGUSR1 a1"]);
  });

  it("finds tasks by any of their stamps, and says which", () => {
    const { revoker, asked, revoked } = holding(["a1", "a2", "b1"]);
    expect(revoker.revokeStamped({ customer: ["a", "c"], unheard: ["all"] }, { kind: "terminate", signal: "SIGTERM" })).toEqual({
      customer: ["a"],
    });
    expect(asked).toEqual(["SIGTERM a1", "SIGTERM a2"]);
    expect(revoked.reasonFor({ id: "c1", stamps: { customer: ["c"] } })).toBe("revoked");
  });

  it("learns what others know, without forgetting why it was told itself", () => {
    const { revoker, asked, revoked } = holding(["a1", "b1"]);
    revoked.addIds(["b1"], "user left");
    revoker.learn(["a1", "b1"]);
    expect(asked).toEqual(["take back a1"]);
    expect(["a1", "b1"].map((id) => revoked.reasonFor({ id, stamps: null }))).toEqual(["revoked", "user left"]);
  });
});
