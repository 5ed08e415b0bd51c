/** What every executor of DAGs does: it takes queued instances of test/programs/dag/etl.ts over, and runs each once. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Executor, QueuedInstance } from "../../packages/airflow-bridge/src/dag/executors/executor.ts";
import type { DagModel } from "../../packages/airflow-bridge/src/dag/model.ts";
import type { DagStore } from "../../packages/airflow-bridge/src/dag/store/store.ts";
import { hearEvents } from "../support/dag/hear-events.ts";
import { openStage, type Stage } from "../support/dag/stage.ts";

export interface OpenedExecutor {
  readonly store: DagStore;
  readonly dag: DagModel;
  /** one more, as another scheduler has it; of two seats where it may have so many */
  create(): Executor;
  close(): Promise<void>;
}

export interface ExecutorTraits {
  /** what a scheduler queued that died is given back, instead of taken over */
  readonly givesBack: boolean;
}

export function executorSuite(name: string, traits: ExecutorTraits, open: () => Promise<OpenedExecutor>): void {
  describe(name, () => {
    let opened: OpenedExecutor;
    let executor: Executor;
    beforeAll(async () => {
      opened = await open();
      executor = opened.create();
      await executor.start();
    });
    afterAll(async () => {
      await executor?.end(0);
      await opened?.close();
    });

    const ends = async (stage: Stage, taskId: string) =>
      await expect
        .poll(async () => {
          await hearEvents(executor, opened);
          const { state } = await stage.row(taskId);
          return state === "queued" || state === "running" ? null : state;
        })
        .not.toBeNull();
    const stageOf = () => openStage({}, { store: opened.store, dag: opened.dag });

    test("runs a function of the DAG, whose value those behind it get", async () => {
      const stage = await stageOf();
      const slots = executor.slots;
      await executor.queue([await stage.queue("number")]);
      expect(executor.slots).toBe(slots - 1);
      await ends(stage, "number");
      expect([(await stage.row("number")).state, await stage.xcom("number")]).toEqual(["success", 1]);
      await executor.queue([await stage.queue("double")]);
      await ends(stage, "double");
      expect([(await stage.row("double")).state, await stage.xcom("double")]).toEqual(["success", 2]);
      await expect.poll(() => executor.slots).toBe(slots);
    });

    test("writes what a task failed with", async () => {
      const stage = await stageOf();
      await executor.queue([await stage.queue("fails")]);
      await ends(stage, "fails");
      expect(await stage.row("fails")).toMatchObject({ state: "failed", reason: "no luck", tryNumber: 1 });
    });

    test("skips a task that asks for it, and fails one for good that gives up", async () => {
      const stage = await stageOf();
      const skips = await stage.queue("skips");
      const givesUp = await stage.queue("gives_up");
      for (const instance of [skips, givesUp]) {
        await executor.queue([instance]);
        await ends(stage, instance.taskId);
      }
      expect(await stage.row("skips")).toMatchObject({ state: "skipped", reason: "nothing new" });
      expect(await stage.row("gives_up")).toMatchObject({ state: "failed", reason: "it will never be there", tryNumber: 1, maxTries: 4 });
    });

    test("says when it can take more", async () => {
      const stage = await stageOf();
      const told = new Promise<void>((resolve) => executor.onEvent(resolve));
      await executor.queue([await stage.queue("number")]);
      await told;
      await ends(stage, "number");
    });

    test("ends what runs when it is revoked, and never begins what waited", async () => {
      const stage = await stageOf();
      const runs = await stage.queue("heeds");
      await executor.queue([runs]);
      await expect.poll(async () => (await stage.row("heeds")).state).toBe("running");
      await executor.revoke(runs);
      await ends(stage, "heeds");
      expect((await stage.row("heeds")).state).toBe("failed");
      await expect.poll(() => executor.slots).toBeGreaterThan(0);
    });

    test(`${traits.givesBack ? "gives back" : "takes over"} what another scheduler had queued`, async () => {
      const stage = await stageOf();
      const queued: QueuedInstance = await stage.queue("number");
      const back = await executor.adopt([queued]);
      expect(back).toEqual(traits.givesBack ? [queued] : []);
      if (!traits.givesBack) await ends(stage, "number");
      expect((await stage.row("number")).state).toBe(traits.givesBack ? "queued" : "success");
    });

    test("takes nothing more once it was ended, and leaves nothing behind as running that it ran itself", async () => {
      const stage = await stageOf();
      const other = opened.create();
      await other.start();
      await other.queue([await stage.queue("heeds")]);
      await expect.poll(async () => (await stage.row("heeds")).state).toBe("running");
      await other.end(0);
      expect(other.slots).toBe(0);
      const { state, externalId } = await stage.row("heeds");
      expect(state).toBe(traits.givesBack ? "up_for_reschedule" : "running");
      if (!traits.givesBack) await executor.revoke({ ...(await stage.row("heeds")), externalId: externalId! });
      await ends(stage, "heeds");
    });
  });
}
