/** Projects that use our types from outside, and what a compiler finds wrong with them. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type PackedPackages, packages } from "./packed.ts";
import { temporaryDirectory } from "./private-process.ts";

const types = fileURLToPath(new URL("../types", import.meta.url));

/** How a project finds packages: as Node does, or as bundlers do. */
export const resolutions = { nodenext: { module: "nodenext" }, bundler: { module: "esnext", moduleResolution: "bundler" } } as const;

// As strict as it gets; libraries are checked, so every declaration that is reached must be one that the compiler reads.
const compilerOptions = {
  target: "es2022",
  lib: ["es2023", "esnext.disposable"],
  types: ["node"],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noEmit: true,
  skipLibCheck: false,
};

/** The type tests, and an import of every door, as ES modules. Returns the project's path. */
export function typeTests(packed: PackedPackages, resolution: keyof typeof resolutions): string {
  const doors = Object.keys(packages).flatMap((name) => packed.doors(name));
  return packed.project(`types-${resolution}`, {
    ...Object.fromEntries(readdirSync(types).map((file) => [`src/${file}`, readFileSync(join(types, file), "utf8")])),
    "src/doors.ts": doors.map((door, index) => `export * as door${index} from "${door}";\n`).join(""),
    "tsconfig.json": JSON.stringify({
      compilerOptions: { ...compilerOptions, ...resolutions[resolution], verbatimModuleSyntax: true, allowImportingTsExtensions: true },
      include: ["src"],
    }),
  });
}

/** A file of CommonJS that requires our packages. Returns the project's path. */
export function commonJsTypes(packed: PackedPackages): string {
  return packed.project("types-commonjs", {
    "package.json": '{ "type": "commonjs" }',
    "src/use.ts": `
      import celeriac = require("celeriac");
      import { createWorker } from "celeriac/worker";
      const app = celeriac.createApp("shop");
      const add = app.task("shop.add", (x: number, y: number) => x + y);
      export const sent: Promise<celeriac.AsyncResult<number>> = add.delay(1, 2);
      // @ts-expect-error a text is no number
      export const wrong = add.delay("1", 2);
      export const worker = createWorker(app, { concurrency: 2 });
    `,
    "tsconfig.json": JSON.stringify({ compilerOptions: { ...compilerOptions, ...resolutions.nodenext }, include: ["src"] }),
  });
}

/** A project that publishes tasks of its own, installed as pnpm does it: of our packages it reaches only the one it names. */
export function taskLibrary(packed: PackedPackages): { readonly path: string; remove(): void } {
  const folder = temporaryDirectory("task-library");
  mkdirSync(join(folder.path, "node_modules"));
  for (const name of ["celeriac", "@types"]) symlinkSync(join(packed.path, "node_modules", name), join(folder.path, "node_modules", name));
  const files = {
    "package.json": '{ "type": "module" }',
    "tasks.ts": `
      import { createApp, shape } from "celeriac";
      export const app = createApp("shop", { deps: async () => ({ db: new Map<string, number>() }) });
      export const add = app.task("shop.add", (x: number, y: number) => x + y);
      export const price = app.bound("shop.price", async (self, name: string) => self.deps.db.get(name));
      export const mail = app.define("mail.send", { input: shape<{ to: string }>() }, (_self, { to }) => to);
      export const render = app.declare("pdf.render", { input: shape<{ url: string }>(), output: shape<{ bytes: number }>() });
      export const half = add.s(1);
      export const sent = () => add.delay(1, 2);
      export const looked = async () => [await add.result("id").snapshot(), await add.result("id").settled()] as const;
      export const health = () => app.health();
      export const context = () => app.currentTask();
      export const { signals, config } = app;
    `,
    "tsconfig.json": JSON.stringify({
      compilerOptions: { ...compilerOptions, ...resolutions.nodenext, noEmit: false, declaration: true, emitDeclarationOnly: true },
    }),
  };
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder.path, path), text);
  return folder;
}

/** What the compiler, a folder with a package of TypeScript, says of the project: "" when all is well. */
export function typeErrors(compiler: string, project: string): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(compiler, "bin/tsc"), "-p", project], { encoding: "utf8" });
  return status === 0 ? "" : `${stdout}${stderr}` || `${compiler} ended with ${status}`;
}
