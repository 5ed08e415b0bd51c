/** What the README shows, done as it says: the first task on SQLite, and Python's Celery on Redis, each way. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, expect, it } from "vitest";
import { celeriac, startCeleriac, typeScriptArguments } from "../support/celeriac-command.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { debianPython } from "../support/install.ts";
import { namedBlocks } from "../support/markdown-blocks.ts";
import { startPrivateProcess } from "../support/private-process.ts";
import { projectFolder } from "../support/project-folder.ts";
import { redisUrl } from "../support/servers.ts";

const blocks = namedBlocks(fileURLToPath(new URL("../../README.md", import.meta.url)));
const run = promisify(execFile);
const ends: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** The named files of the README, with what is fixed there replaced by what is free here. */
function project(names: readonly string[], replaced: Readonly<Record<string, string>>): string {
  const files = names.map((name) => {
    const text = blocks[name] ?? "";
    expect(text, `the README has no ${name}`).not.toBe("");
    return [name, Object.entries(replaced).reduce((result, [here, there]) => result.replaceAll(here, there), text)];
  });
  const folder = projectFolder("readme", Object.fromEntries(files) as Record<string, string>);
  ends.push(() => folder.remove());
  return folder.path;
}

function start(path: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const started = startPrivateProcess({ command, args, cwd: path, env: { ...process.env, ...env } });
  ends.push(() => started.stop());
  return started;
}

async function startWorker(path: string, env: NodeJS.ProcessEnv = {}): Promise<void> {
  const worker = startCeleriac(path, ["worker", "-c", "1"], env);
  ends.push(() => worker.stop());
  await worker.wrote(/worker-online/, 60_000);
}

it("the first task runs, from the API and from the command", async () => {
  const port = await freePort();
  const path = project(["tasks.ts", "api.ts"], { "3000": String(port) });
  await startWorker(path);
  start(path, process.execPath, [...typeScriptArguments, "api.ts"]);
  const url = `http://localhost:${port}`;
  const id = await eventually(async () => {
    const answer = await fetch(`${url}/42`, { method: "POST" });
    expect(answer.status).toBe(202);
    return await answer.text();
  });
  await eventually(async () => expect(await (await fetch(`${url}/${id}`)).text()).toBe("Invoice of order 42"));
  expect(await celeriac(path, ["-q", "call", "shop.invoice", "42", "--wait"])).toMatchObject({ code: 0, stdout: "Invoice of order 42\n" });
}, 120_000);

it("a task of Python's is called from TypeScript, and one of ours from Python", async () => {
  const url = await redisUrl();
  const path = project(["tasks.ts", "score.ts", "ml.py", "order.py"], { "redis://localhost": url });
  const python = start(path, debianPython, ["-m", "celery", "-A", "ml", "worker", "-Q", "ml", "--pool", "solo", "-l", "INFO"]);
  await Promise.all([python.wrote(/ready\./, 60_000), startWorker(path, { CELERY_BROKER_URL: url })]);
  expect((await run(process.execPath, [...typeScriptArguments, "score.ts"], { cwd: path })).stdout).toBe("10\n");
  expect((await run(debianPython, [join(path, "order.py")], { cwd: path })).stdout).toBe("Invoice of order 42\n");
}, 180_000);
