/** A task that is paused by its name, on every broker: no worker begins it, one that starts later neither, until it is resumed. */
import { createApp } from "@celeriac/core";
import { createWorker } from "@celeriac/worker";
import { describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { brokerPlaces } from "./worker-places.ts";

describe.concurrent.each(Object.entries(brokerPlaces))("a paused task on %s", (_name, url) => {
  it("is begun by no worker, also by none that starts later, until it is resumed", async () => {
    const began: string[] = [];
    const app = createApp("pausing", { broker: await url(), backend: "disabled" });
    const held = app.task("held", (name: string) => void began.push(name));
    const free = app.task("free", (name: string) => void began.push(name));
    const start = async () => {
      const worker = createWorker(app, { pool: "inline", concurrency: 2 });
      await worker.start();
      return worker;
    };
    const running = await start();
    try {
      await app.control.pause({ task: held });
      expect(await app.control.paused()).toEqual({ tasks: ["held"], queues: [] });
      // The worker learns of it in its own time.
      await eventually(async () => {
        await held.delay("early");
        await eventually(() => running.stats().counts["task-deferred"] > 0, { withinMs: 200 });
      });
      const late = await start();
      const early = began.length;
      await Promise.all([held.delay("kept"), free.delay("free")]);
      await eventually(() => expect(began).toContain("free"));
      await eventually(() => running.stats().counts["task-deferred"] + late.stats().counts["task-deferred"] > 1);
      expect(began.length).toBe(early + 1);
      await running.stop();
      await app.control.resume({ task: "held" });
      expect(await app.control.paused()).toEqual({ tasks: [], queues: [] });
      await eventually(() => expect(began).toContain("kept"));
      await late.stop();
    } finally {
      await running.stop();
      await app.close();
    }
  });
});
