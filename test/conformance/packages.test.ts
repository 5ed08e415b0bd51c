/** What users install: the built packages, packed as npm would publish them. */
import { execFile, execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PackedProject, packages, packProject } from "../support/packed.ts";
import { type PrivateProcess, startPrivateProcess } from "../support/private-process.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const names = Object.keys(packages);
const tracker = pathToFileURL(join(root, "test/support/loaded-modules.mjs")).href;
let project: PackedProject;

beforeAll(() => {
  project = packProject();
});
afterAll(() => project?.remove());

const run = (...words: string[]) => promisify(execFile)(process.execPath, words, { cwd: project.path });

/** Names of the packages from which running this script loads anything. */
async function loadedPackages(script: string, type: "module" | "commonjs"): Promise<ReadonlySet<string>> {
  const { stdout } = await run("--import", tracker, `--input-type=${type}`, "--eval", script);
  const paths = stdout.split("\n").filter((line) => line.startsWith("loaded "));
  return new Set(paths.flatMap((path) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []));
}

describe.each(names)("%s, packed", (name) => {
  it("has every file that its exports and its bin name", () => {
    const { exports, bin = {} } = project.manifest(name);
    const targets = [
      ...Object.values(exports).flatMap((target) => (typeof target === "string" ? [target] : Object.values(target))),
      ...Object.values(bin),
    ];
    expect(targets.length).toBeGreaterThan(0);
    for (const target of targets) expect(project.files(name), target).toContain(target.replace(/^\.\//, ""));
  });

  it("has the files of its sources, built, and neither tests nor leavings of the build", () => {
    const source = readdirSync(join(root, "packages", packages[name]!, "src"), { recursive: true, encoding: "utf8" });
    const built = source.filter((path) => /\.(ts|lua)$/.test(path)).map((path) => join("dist", path.replace(/\.ts$/, ".js")));
    const files = project.files(name);
    for (const path of built) expect(files, path).toContain(path);
    expect(files.filter((path) => path.endsWith(".js") && path.startsWith("dist")).sort()).toEqual(
      built.filter((path) => path.endsWith(".js")).sort(),
    );
    expect(files.filter((path) => /test|tsbuildinfo|tsconfig/.test(path)).filter((path) => !/(dist|src)\/testing\./.test(path))).toEqual(
      [],
    );
  });

  it("has licence and readme, and says the licence", () => {
    expect(project.files(name)).toContain("README.md");
    expect(readFileSync(join(project.path, "node_modules", name, "LICENSE"), "utf8")).toBe(readFileSync(join(root, "LICENSE"), "utf8"));
    expect(project.manifest(name)).toMatchObject({
      name,
      license: "MIT",
      type: "module",
      engines: { node: ">=20.19" },
      description: expect.any(String),
    });
  });

  it("depends on every package that it imports, in one version for all of ours", () => {
    const files = project.files(name).filter((path) => path.startsWith("dist") && path.endsWith(".js"));
    const text = files.map((path) => readFileSync(join(project.path, "node_modules", name, path), "utf8")).join("\n");
    const imported = [...text.matchAll(/(?:from|import\()\s*"([^".:][^":]*)"/g)].map(([, specifier]) =>
      specifier!
        .split("/")
        .slice(0, specifier!.startsWith("@") ? 2 : 1)
        .join("/"),
    );
    const manifest = project.manifest(name);
    const declared = { ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.peerDependencies };
    for (const used of new Set(imported.filter((used) => !builtinModules.includes(used)))) expect(declared, used).toHaveProperty([used]);
    for (const [ours, version] of Object.entries(declared)) if (names.includes(ours)) expect(version).toBe(manifest.version);
  });
});

describe("import of celeriac", () => {
  it("evaluates core and nothing that only some need", async () => {
    const loaded = await loadedPackages(
      'const { createApp } = await import("celeriac"); createApp("shop").task("a.b", () => 1);',
      "module",
    );
    expect(loaded).toContain("@celeriac/core");
    for (const other of ["@celeriac/worker", "ioredis", "amqplib", "libsql", "yargs", "fastify", "tsx", "picocolors"])
      expect(loaded).not.toContain(other);
  });

  it("loads the driver that a URL asks for, and no other", async () => {
    const config = '{ broker: "redis://127.0.0.1:1", config: { publishTimeout: "50ms" } }';
    const script = `const { createApp } = await import("celeriac"); await createApp("shop", ${config}).sendTask("a.b").catch(() => {}); process.exit();`;
    const loaded = await loadedPackages(script, "module");
    expect(loaded).toContain("ioredis");
    for (const other of ["@celeriac/worker", "libsql", "amqplib", "yargs"]) expect(loaded).not.toContain(other);
  });

  it("works by require() from CommonJS too, without a warning, and gives the same objects", async () => {
    const script =
      'const all = require("celeriac"); import("celeriac").then((same) => console.log(typeof all.createApp, same.createApp === all.createApp));';
    expect(await run("--input-type=commonjs", "--eval", script)).toEqual({ stdout: "function true\n", stderr: "" });
    expect(await loadedPackages('require("celeriac")', "commonjs")).not.toContain("ioredis");
    expect((await run("--input-type=commonjs", "--eval", 'console.log(typeof require("celeriac/worker").createWorker)')).stdout).toBe(
      "function\n",
    );
  });
});

const shop = `
import { createApp } from "celeriac";
import { tax } from "./rates";
enum Kind { small = 1, large }
export const app = createApp("shop", { broker: "sqlite://./celeriac.db" });
export const price = app.task("shop.price", (net: number): number => net * tax * Kind.large);
`;

describe("the command, built", () => {
  let worker: PrivateProcess | null = null;
  const command = () => join(project.path, "node_modules", "celeriac", project.manifest("celeriac").bin!["celeriac"]!);

  afterAll(() => worker?.stop());

  it("shows the version of its package", async () => {
    expect((await run(command(), "--version")).stdout).toBe(`${project.manifest("celeriac").version}\n`);
  });

  it.each(["prefork", "threads"])("runs TypeScript that is more than types, with imports as bundlers write them: %s", async (pool) => {
    project.write({ "tasks.ts": shop, "rates.ts": "export const tax: number = 10;" });
    worker = startPrivateProcess({ command: process.execPath, args: [command(), "worker", "-c", "1", "-P", pool], cwd: project.path });
    await worker.wrote(/worker-online/, 60_000);
    expect((await run(command(), "-q", "call", "shop.price", "2", "--wait")).stdout).toBe("40\n");
    await worker.stop();
    expect(await worker.ended).toBe(0);
  });
});

describe("the types, built", () => {
  it("serve a strict project that checks its libraries", () => {
    project.write({
      "src/use.ts": `
        import { type AsyncResult, createApp } from "celeriac";
        import { createWorker } from "celeriac/worker";
        export const app = createApp("shop");
        const add = app.task("shop.add", (x: number, y: number) => x + y);
        export const sent: Promise<AsyncResult<number>> = add.delay(1, 2);
        // @ts-expect-error a text is no number
        export const wrong = add.delay("1", 2);
        export const worker = createWorker(app, { concurrency: 2 });
      `,
      "tsconfig.json": JSON.stringify({
        compilerOptions: { module: "nodenext", target: "es2023", strict: true, noEmit: true, types: ["node"], skipLibCheck: false },
        include: ["src"],
      }),
    });
    execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", "."], { cwd: project.path, stdio: "pipe" });
  });
});
