/** `celeriac events` and a worker with -E, in processes of their own on the embedded broker. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { celeriac, startCeleriac } from "../support/celeriac-command.ts";
import type { PrivateProcess } from "../support/private-process.ts";
import { projectFolder } from "../support/project-folder.ts";

const tasks = `
import { createApp } from "celeriac";
export const app = createApp("shop", { config: { taskSendSentEvent: true } });
app.task("shop.mail", (to) => "to " + to);
`;

let folder: ReturnType<typeof projectFolder>;

beforeAll(() => {
  folder = projectFolder("cli-events", { "tasks.js": tasks });
});
afterAll(() => folder?.remove());

describe("celeriac events", () => {
  it("prints what workers and producers tell, for people and for programs, until Ctrl-C", async () => {
    const monitors: PrivateProcess[] = [startCeleriac(folder.path, ["events", "--dump"]), startCeleriac(folder.path, ["events", "--json"])];
    let worker: PrivateProcess | null = null;
    const [people, programs] = monitors as [PrivateProcess, PrivateProcess];
    try {
      await people.wrote(/Ctrl-C ends/, 60_000);
      // The other one says nothing but events: the heartbeats tell when it hears.
      worker = startCeleriac(folder.path, ["worker", "-E", "-c", "1", "-P", "threads", "-n", "w1@host", "--json"]);
      await programs.wrote(/"worker-heartbeat"/, 60_000);
      const { code, stdout } = await celeriac(folder.path, ["call", "shop.mail", "a\u009bb", "--id", "one", "--wait"]);
      expect([code, stdout]).toEqual([0, "to a\u009bb\n"]);
      await Promise.all(monitors.map((monitor) => monitor.wrote(/task-succeeded/, 60_000)));
      await worker.stop();
      await Promise.all(monitors.map((monitor) => monitor.wrote(/worker-offline/, 60_000)));
      for (const monitor of monitors) await monitor.stop({ signal: "SIGINT", graceMs: 20_000 });

      const events = programs
        .output()
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      const ofTask = events.filter(({ uuid }) => uuid === "one");
      expect(ofTask.map(({ type }) => type).sort()).toEqual(["task-received", "task-sent", "task-started", "task-succeeded"]);
      expect(ofTask.find(({ type }) => type === "task-received")).toMatchObject({
        ...{ hostname: "w1@host", name: "shop.mail", args: "('a\\x9bb',)", kwargs: "{}", root_id: "one", parent_id: null, retries: 0 },
        ...{ pid: expect.any(Number), clock: expect.any(Number), timestamp: expect.any(Number), utcoffset: expect.any(Number) },
      });
      expect(ofTask.find(({ type }) => type === "task-sent")).toMatchObject({ queue: "celery", exchange: "", routing_key: "celery" });
      const ofWorker = events.filter(({ hostname }) => hostname === "w1@host");
      expect(ofWorker.at(-1)).toMatchObject({ type: "worker-offline", processed: 1, active: 0, freq: 2, sw_ident: "celeriac" });
      const clocks = ofWorker.map(({ clock }) => clock as number);
      expect(clocks).toEqual([...clocks].sort((a, b) => a - b));

      const lines = people.output().split("\n");
      expect(lines.find((line) => line.includes("task-succeeded"))).toMatch(
        /^\d{4}-\d\d-\d\dT[\d:.]+Z w1@host task-succeeded one result='to a\\x9bb' runtime=\d/,
      );
    } finally {
      await Promise.all([...monitors, ...(worker === null ? [] : [worker])].map((each) => each.stop({ signal: "SIGKILL" })));
    }
  });
});
