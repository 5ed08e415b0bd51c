/** What the log of a worker tells of remote control. */
import { createApp } from "@celeriac/core";
import { createWorker } from "@celeriac/worker";
import { expect, it, onTestFinished } from "vitest";
import { programUrl } from "../../support/built.ts";
import { createSqliteFile } from "../../support/sqlite-file.ts";

it("tells once that a monitor has turned events on, however often it says so", async () => {
  const file = await createSqliteFile();
  const app = createApp("told", { broker: file.url, config: { durability: "process" } });
  const lines: string[] = [];
  const info = (message: string) => void lines.push(message);
  const quiet = () => {};
  const source = { moduleUrl: programUrl("interop/app").href, appName: null };
  const logger = { debug: quiet, info, warn: quiet, error: quiet };
  const worker = createWorker(app, { pool: "solo", hostname: "w1@host" }, { source, logger });
  onTestFinished(async () => {
    await worker.stop({ deadline: 0 });
    await app.close();
    await file.remove();
  });
  await worker.start();
  const ask = async (command: string) => (await app.control.broadcast(command, {}, { reply: true, limit: 1, timeout: "10s" }))["w1@host"];
  lines.length = 0;
  expect(await ask("enable_events")).toEqual({ ok: "task events enabled" });
  expect(await ask("enable_events")).toEqual({ ok: "task events already enabled" });
  expect(lines).toEqual(["task events enabled by remote control"]);
  expect(await ask("disable_events")).toEqual({ ok: "task events disabled" });
  expect(lines.at(-1)).toBe("remote control");
});
