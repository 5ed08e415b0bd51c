/** What `celeriac worker` shows of its executors at SIGUSR1, which makes other processes of Node open a debugger's port. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { celeriac, startCeleriac } from "../support/celeriac-command.ts";
import { projectFolder } from "../support/project-folder.ts";

/** A task that gives way to nobody until a file appears. */
const tasks = `
import { existsSync, writeFileSync } from "node:fs";
import { createApp } from "celeriac";
export const app = createApp("shop");
app.task("shop.spin", function spin() {
  writeFileSync("spins", "");
  while (!existsSync("go"));
  return "done";
});
`;

it("shows at SIGUSR1 what runs and where, even in a loop that never gives way, and opens no port", async () => {
  const folder = projectFolder("cli-stacks", { "tasks.js": tasks });
  const worker = startCeleriac(folder.path, ["worker", "-c", "1"]);
  onTestFinished(async () => {
    writeFileSync(join(folder.path, "go"), "");
    await worker.stop();
    folder.remove();
  });
  await worker.wrote(/worker-online/, 60_000);
  process.kill(worker.pid, "SIGUSR1");
  await worker.wrote(/"runs":\[\],"stack":\[\]/, 15_000);
  const { stdout } = await celeriac(folder.path, ["-q", "call", "shop.spin"]);
  await expect.poll(() => existsSync(join(folder.path, "spins")), { timeout: 15_000 }).toBe(true);
  process.kill(worker.pid, "SIGUSR1");
  await worker.wrote(new RegExp(`"id":"${stdout.trim()}","task":"shop.spin".*"spin \\(.*tasks.js:7:`), 15_000);
  writeFileSync(join(folder.path, "go"), "");
  expect((await celeriac(folder.path, ["-q", "result", stdout.trim()])).stdout).toBe("done\n");
  process.kill(worker.pid, "SIGTERM");
  expect(await worker.ended).toBe(0);
  expect(worker.output()).not.toContain("Debugger");
}, 90_000);
