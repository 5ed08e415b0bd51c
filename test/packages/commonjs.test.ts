/** Our packages, which are ES modules, in a project of CommonJS: Node lends require() to modules that await nothing at their top. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, inject, it } from "vitest";
import { packages, packedPackages } from "../support/packed.ts";

const packed = packedPackages(inject("packedPath"));
const doors = Object.keys(packages).flatMap((name) => packed.doors(name));
const run = (cwd: string, ...words: string[]) => promisify(execFile)(process.execPath, words, { cwd });

const tasks = `
const { createApp, CeleriacError } = require("celeriac");
exports.app = createApp("shop", { broker: "sqlite://./celeriac.db" });
exports.add = exports.app.task("shop.add", (x, y) => x + y);
exports.fail = exports.app.task("shop.fail", () => { throw new RangeError("too far"); });
exports.isOurs = CeleriacError.is;
`;
const main = `
const { createWorker } = require("celeriac/worker");
const { app, add, fail, isOurs } = require("./tasks.js");

async function main() {
  const worker = createWorker(app, { concurrency: 1 });
  await worker.start();
  console.log(await add.delay(2, 40).get());
  await fail.delay().get().catch((error) => console.log(isOurs(error), error.remote.type));
  await worker.stop();
  await app.close();
}
main();
`;

describe("require() in a project of CommonJS", () => {
  it.each(doors)("gives what import of %s gives, without a warning", async (door) => {
    const cwd = packed.project("doors", { "package.json": '{ "type": "commonjs" }' });
    const script = `
      const required = require("${door}");
      const keys = Object.keys(required);
      import("${door}").then((imported) => console.log(keys.length > 0, keys.every((key) => required[key] === imported[key])));`;
    expect(await run(cwd, "--eval", script)).toEqual({ stdout: "true true\n", stderr: "" });
  });

  it("is enough to define, run and send tasks", async () => {
    const cwd = packed.project("commonjs", { "package.json": '{ "type": "commonjs" }', "tasks.js": tasks, "main.js": main });
    expect(await run(cwd, "main.js")).toEqual({ stdout: "42\ntrue RangeError\n", stderr: "" });
  });
});
