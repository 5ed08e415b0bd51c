/** The `celeriac` command as it is installed: built, with TypeScript that somebody else wrote. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, expect, inject, it } from "vitest";
import { packedPackages } from "../support/packed.ts";
import { type PrivateProcess, startPrivateProcess } from "../support/private-process.ts";

const packed = packedPackages(inject("packedPath"));
const { bin, version } = packed.manifest("celeriac");
const command = join(packed.path, "node_modules", "celeriac", bin!["celeriac"]!);
const run = (cwd: string, ...words: string[]) => promisify(execFile)(process.execPath, [command, ...words], { cwd });
let worker: PrivateProcess | null = null;

afterEach(() => worker?.stop());

const shop = `
import { createApp } from "celeriac";
import { tax } from "./rates";
enum Kind { small = 1, large }
export const app = createApp("shop", { broker: "sqlite://./celeriac.db" });
export const price = app.task("shop.price", (net: number): number => net * tax * Kind.large);
`;

it("shows the version of its package", async () => {
  expect((await run(packed.path, "--version")).stdout).toBe(`${version}\n`);
});

it.each(["prefork", "threads"])("runs TypeScript that is more than types, with imports as bundlers write them: %s", async (pool) => {
  const cwd = packed.project(`command-${pool}`, { "tasks.ts": shop, "rates.ts": "export const tax: number = 10;" });
  worker = startPrivateProcess({ command: process.execPath, args: [command, "worker", "-c", "1", "-P", pool], cwd });
  await worker.wrote(/worker-online/, 60_000);
  expect((await run(cwd, "-q", "call", "shop.price", "2", "--wait")).stdout).toBe("40\n");
  await worker.stop();
  expect(await worker.ended).toBe(0);
});
