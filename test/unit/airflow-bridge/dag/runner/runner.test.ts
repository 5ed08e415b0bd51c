import { describe, expect, test } from "vitest";
import type { WorkContext } from "../../../../../packages/airflow-bridge/src/dag/model.ts";
import { Interruption } from "../../../../../packages/airflow-bridge/src/dag/runner/interruption.ts";
import { runInstance } from "../../../../../packages/airflow-bridge/src/dag/runner/runner.ts";
import type { DagStore } from "../../../../../packages/airflow-bridge/src/dag/store/store.ts";
import { CeleriacError, type Logger } from "../../../../../packages/core/src/runtime.ts";
import { fastRunner, openStage } from "../../../../support/dag/stage.ts";
import { fails, gives, heeds, heedsNot, never, one, run, runOnce } from "../../../../support/dag/works.ts";

describe("begins", () => {
  test("only what is queued under its id, and once", async () => {
    let runs = 0;
    const stage = await one(run(async () => ({ kind: "success", value: ++runs })));
    const { externalId } = await stage.queue("t");
    const both = await Promise.all([1, 2].map(() => runInstance(stage.place("t"), externalId, stage.parts, never)));
    expect(both.map(({ kind }) => kind).toSorted()).toEqual(["ended", "notMine"]);
    expect(await runInstance(stage.place("t"), externalId, stage.parts, never)).toEqual({ kind: "notMine" });
    expect(await runInstance(stage.place("nowhere"), externalId, stage.parts, never)).toEqual({ kind: "notMine" });
    expect(runs).toBe(1);
  });

  test("tells work of its run, and gives it its arguments", async () => {
    let seen: WorkContext | null = null;
    const stage = await one(
      run(async (context, args) => {
        seen = context;
        return { kind: "success", value: args };
      }),
    );
    await runOnce(stage, "t", never, { resolve: async () => ["a", 2] });
    expect(seen).toMatchObject({ dagId: "etl", runId: "manual__1", taskId: "t", mapIndex: -1, tryNumber: 1, logicalDate: new Date(0) });
    expect(await stage.xcom("t")).toEqual(["a", 2]);
  });

  test("gives work the connections and variables of its environment and its store, which may be gone for a while", async () => {
    const stage = await one(
      run(async ({ connection, variable }) => ({ kind: "success", value: [(await connection("db")).host, await variable("region")] })),
    );
    await stage.store.write(({ variables }) => variables.put("region", "eu"));
    let asked = 0;
    const store: DagStore = {
      ...stage.store,
      read: (body) => {
        if (++asked === 2) throw new CeleriacError("DAG_STORE_UNREACHABLE", "gone");
        return stage.store.read(body);
      },
    };
    await runOnce(stage, "t", never, { store, environment: { AIRFLOW_CONN_DB: "postgres://here" } });
    expect(await stage.xcom("t")).toEqual(["here", "eu"]);
  });

  test("masks the secrets that work has read in its log, and in the reason of its failure", async () => {
    const said: unknown[] = [];
    const put = (message: string, fields?: object) => void said.push(message, fields);
    const logger: Logger = { debug: put, info: put, warn: put, error: put };
    const stage = await one(
      run(async ({ connection, variable, log }) => {
        const { password } = await connection("db");
        log.info(`logs in with ${password}`, { password, given: [`-p${password}`] });
        throw new Error(`refused: ${password}, ${await variable("api_token")}`);
      }),
    );
    const environment = { AIRFLOW_CONN_DB: "postgres://me:runner-pw@h", AIRFLOW_VAR_API_TOKEN: "runner-token" };
    await runOnce(stage, "t", never, { environment, logger });
    expect(said[2]).toBe("logs in with ********");
    expect(JSON.stringify(said)).not.toMatch(/runner-pw|runner-token/);
    const [tries, { reason }] = [await stage.store.read(({ tries }) => tries.ofRun(stage.place("t"))), await stage.row("t")];
    expect([reason, tries[0]!.reason]).toEqual(["refused: ********, ********", "refused: ********, ********"]);
  });

  test("a new try without what the one before it gave", async () => {
    const stage = await one(gives(undefined));
    await stage.store.write(({ xcoms }) => xcoms.put({ ...stage.place("t"), key: "return_value", value: "1" }));
    await runOnce(stage, "t");
    expect(await stage.xcom("t")).toBeUndefined();
  });
});

describe("ends", () => {
  test("well, with its value, a row of the log, and a look of the scheduler", async () => {
    const stage = await one(gives({ rows: 3 }));
    expect(await runOnce(stage, "t")).toEqual({ kind: "ended", state: "success", heeded: true });
    expect(await stage.xcom("t")).toEqual({ rows: 3 });
    expect(await stage.row("t")).toMatchObject({ state: "success", hostname: "here", endedAt: expect.any(Number) });
    const [tries, found] = await stage.store.read(async (tables) => [
      await tables.tries.ofRun(stage.place("t")),
      await tables.runs.find(stage.place("t")),
    ]);
    expect(tries).toMatchObject([{ taskId: "t", tryNumber: 1, state: "success", hostname: "here", reason: null }]);
    expect(found?.lookAt).not.toBeNull();
  });

  test("as failed, when its tries are used up, and waits for the next one before", async () => {
    const stage = await one(fails(), { retries: 1, retryDelayMs: 60_000 });
    await runOnce(stage, "t");
    const first = await stage.row("t");
    expect(first).toMatchObject({ state: "up_for_retry", tryNumber: 1, reason: "no luck" });
    expect(first.nextAt! - first.endedAt!).toBe(60_000);
    await runOnce(stage, "t");
    expect(await stage.row("t")).toMatchObject({ state: "failed", tryNumber: 2, nextAt: null });
    const tries = await stage.store.read(({ tries }) => tries.ofRun(stage.place("t")));
    expect(tries.map(({ tryNumber, state }) => [tryNumber, state])).toEqual([
      [1, "failed"],
      [2, "failed"],
    ]);
  });

  test("as failed at once, when it says so", async () => {
    const stage = await one(fails(false), { retries: 3 });
    expect(await runOnce(stage, "t")).toMatchObject({ state: "failed" });
  });

  test("as failed with what was thrown, without the secrets in it", async () => {
    const stage = await one(
      run(async () => {
        throw new Error("cannot reach amqp://me:secret@host/");
      }),
    );
    await runOnce(stage, "t");
    expect(await stage.row("t")).toMatchObject({ state: "failed", reason: "cannot reach amqp://me:********@host/" });
  });

  test("as skipped", async () => {
    const stage = await one(run(async () => ({ kind: "skipped", reason: "nothing to do" })));
    await runOnce(stage, "t");
    expect(await stage.row("t")).toMatchObject({ state: "skipped", reason: "nothing to do" });
  });

  test("and skips the tasks that a branch leaves out, whatever has not ended of them", async () => {
    const branch = run(async () => ({ kind: "branch", value: "big", skip: ["small", "done"] }));
    const stage = await openStage({ b: { work: branch }, big: { after: ["b"] }, small: { after: ["b"] }, done: {} });
    await stage.set("done", { state: "success" });
    await runOnce(stage, "b");
    const states = await Promise.all(["b", "big", "small", "done"].map(async (id) => (await stage.row(id)).state));
    expect(states).toEqual(["success", "none", "skipped", "success"]);
    expect((await stage.row("small")).reason).toBe("skipped by b");
  });

  test("as failed, where the code of this process has no such task", async () => {
    const stage = await one(gives(1));
    await runOnce(stage, "t", never, { findDag: () => undefined });
    expect(await stage.row("t")).toMatchObject({ state: "failed", reason: expect.stringContaining('no task "t" in a DAG "etl"') });
  });
});

describe("a value", () => {
  test("that is no JSON fails the try", async () => {
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    for (const value of [circle, 1n, () => 1]) {
      const stage = await one(gives(value));
      await runOnce(stage, "t");
      expect(await stage.row("t")).toMatchObject({ state: "failed", reason: expect.stringContaining("cannot be written as JSON") });
    }
  });

  test("above the limit fails the try and names both limits, one that is only large is told", async () => {
    const warned: unknown[] = [];
    const logger: Logger = { debug() {}, info() {}, warn: (message, fields) => void warned.push([message, fields]), error() {} };
    const large = await one(gives("x".repeat(49_343)));
    await runOnce(large, "t", never, { logger });
    expect(warned).toEqual([
      ["a task gave a large value", expect.objectContaining({ bytes: 49_345, advisedBytes: 49_344, maxBytes: 1_048_576 })],
    ]);
    const huge = await one(gives("x".repeat(1_048_576)));
    await runOnce(huge, "t");
    expect((await huge.row("t")).reason).toMatch(/1048578 bytes .* more than 1048576 .* refused, more than 49344 /);
    expect(await huge.xcom("t")).toBeUndefined();
  });
});

describe("is interrupted", () => {
  test("by its execution timeout, which is a failed try", async () => {
    const stage = await one(heeds, { executionTimeoutMs: 5, retries: 1 });
    expect(await runOnce(stage, "t")).toEqual({ kind: "ended", state: "up_for_retry", heeded: true });
    expect((await stage.row("t")).reason).toBe("it ran for longer than its execution timeout (5 ms)");
  });

  test("and left behind if it does not heed that", async () => {
    const stage = await one(heedsNot, { executionTimeoutMs: 5 });
    expect(await runOnce(stage, "t")).toEqual({ kind: "ended", state: "failed", heeded: false });
  });

  test("when it was cleared, and begins anew with a try that is left", async () => {
    const stage = await one(heeds);
    const ended = runOnce(stage, "t");
    await expect.poll(async () => (await stage.row("t")).state).toBe("running");
    await stage.set("t", { state: "restarting", maxTries: 2 });
    expect(await ended).toEqual({ kind: "ended", state: "none", heeded: true });
    expect(await stage.row("t")).toMatchObject({ state: "none", tryNumber: 1 });
  });

  test("when it was cleared between its last heartbeat and its end", async () => {
    const stage = await one(
      run(async () => {
        await stage.set("t", { state: "restarting", maxTries: 2 });
        return { kind: "success", value: 1 };
      }),
    );
    expect(await runOnce(stage, "t", never, { settings: { ...fastRunner, heartbeatMs: 60_000 } })).toMatchObject({ state: "none" });
    expect(await stage.xcom("t")).toBeUndefined();
  });

  test("when it was marked, and writes nothing", async () => {
    const stage = await one(heeds);
    const ended = runOnce(stage, "t");
    await expect.poll(async () => (await stage.row("t")).state).toBe("running");
    await stage.set("t", { state: "success", reason: "by hand" });
    expect(await ended).toEqual({ kind: "taken", heeded: true });
    expect(await stage.row("t")).toMatchObject({ state: "success", reason: "by hand" });
  });

  test("by a revocation, which is a failed try", async () => {
    const abort = new AbortController();
    const stage = await one(heeds);
    const ended = runOnce(stage, "t", abort.signal);
    abort.abort(new Interruption("revoked", "it was revoked"));
    expect(await ended).toMatchObject({ state: "failed" });
  });

  test("by a stop of its process, and goes on with the same try elsewhere", async () => {
    const abort = new AbortController();
    const stage = await one(heeds);
    const ended = runOnce(stage, "t", abort.signal);
    await expect.poll(async () => (await stage.row("t")).state).toBe("running");
    abort.abort();
    expect(await ended).toEqual({ kind: "ended", state: "up_for_reschedule", heeded: true });
    const { externalId } = await stage.queue("t");
    const again = runInstance(stage.place("t"), externalId, { ...stage.parts, handBack: "queued" }, abort.signal);
    expect(await again).toMatchObject({ state: "queued" });
    expect(await stage.row("t")).toMatchObject({ state: "queued", tryNumber: 1, externalId });
  });

  test("by no stop that comes when it has given up", async () => {
    const abort = new AbortController();
    const gives = run(async (context) => {
      abort.abort();
      throw context.fail("no such table");
    });
    const stage = await one(gives, { retries: 2 });
    expect(await runOnce(stage, "t", abort.signal)).toMatchObject({ state: "failed" });
  });

  test("by nothing that comes after its end", async () => {
    const abort = new AbortController();
    const stage = await one(
      run(async () => {
        abort.abort();
        return { kind: "success", value: "done" };
      }),
    );
    expect(await runOnce(stage, "t", abort.signal)).toMatchObject({ state: "success" });
  });
});

describe("a store that does not answer", () => {
  const down = () => new CeleriacError("DAG_STORE_UNREACHABLE", "it is restarted");

  test("neither interrupts a task nor costs its try", async () => {
    let isDown = false;
    const warned: string[] = [];
    const logger: Logger = { debug() {}, info() {}, warn: (message) => void warned.push(message), error() {} };
    let refusedTwo = () => {};
    const twoHeartbeats = new Promise<void>((resolve) => {
      refusedTwo = resolve;
    });
    const stage = await one(
      run(async () => {
        isDown = true;
        await twoHeartbeats;
        return { kind: "success", value: 1 };
      }),
    );
    let refused = 0;
    const store = {
      ...stage.store,
      write: async <T>(body: Parameters<typeof stage.store.write<T>>[0]) => {
        if (!isDown) return await stage.store.write(body);
        refused += 1;
        if (refused === 2) refusedTwo();
        // The first attempt at the end, too, or a third heartbeat.
        if (refused === 3) isDown = false;
        throw down();
      },
    };
    expect(await runOnce(stage, "t", never, { store, logger })).toMatchObject({ state: "success" });
    expect(warned).toEqual(["the store does not take the heartbeats of a task, which goes on"]);
  });

  test("for too long leaves the end to those who find its heartbeats missing", async () => {
    const stage = await one(gives(1));
    let begun = false;
    const store = {
      ...stage.store,
      write: async <T>(body: Parameters<typeof stage.store.write<T>>[0]) => {
        if (begun) throw down();
        begun = true;
        return await stage.store.write(body);
      },
    };
    const ended = runOnce(stage, "t", never, { store, settings: { ...fastRunner, endRetryMs: 300 } });
    await expect(ended).rejects.toMatchObject({ code: "DAG_STORE_UNREACHABLE" });
    expect((await stage.row("t")).state).toBe("running");
  });
});

describe("a task of the app", () => {
  test("runs here, with its arguments", async () => {
    const stage = await one({ kind: "task", task: "etl.load" });
    const runTask = async (name: string, args: readonly unknown[]) => [name, args];
    await runOnce(stage, "t", never, { runTask, resolve: async () => [1] });
    expect(await stage.xcom("t")).toEqual(["etl.load", [1]]);
  });
});
