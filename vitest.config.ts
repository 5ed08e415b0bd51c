/**
 * The test projects. `unit` needs no server; `packages` and `published` look at our packages as npm would publish them, the latter with tools
 * that `npm run test:published` installs first; the others find their servers through `test/support/servers.ts`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vitest/config";

// What a developer's own environment says about brokers must not reach a test, nor a process that a test starts.
for (const name of Object.keys(process.env)) if (/^(CELERY|CELERIAC)_/.test(name)) delete process.env[name];

// In the processes that run test files, packages of this repository resolve to their TypeScript sources.
const conditions = ["celeriac-source", "module", "node", "development|production"];

const entry = fileURLToPath(new URL("packages/core/src/entry.ts", import.meta.url));
/** What they start in threads and processes is built: see `test/support/built.ts`. */
const builtEntry: Plugin = {
  name: "built-entry",
  enforce: "pre",
  async resolveId(source, importer) {
    if (!source.endsWith("/entry.ts") || importer === undefined) return null;
    const found = await this.resolve(source, importer, { skipSelf: true });
    return found?.id === entry ? fileURLToPath(new URL("test/support/built-entry.ts", import.meta.url)) : null;
  },
};

/** Of modules as Vitest runs them: what one project has made the next need not make again. It goes with the run, so nothing in it is ever old. */
const modules = mkdtempSync(join(tmpdir(), "celeriac-modules-"));
process.once("exit", () => rmSync(modules, { recursive: true, force: true }));

type Setup = "global-built" | "global-servers" | "global-packages";

function project(name: string, ...setups: readonly Setup[]) {
  const include = [`test/${name}/**/*.test.ts`];
  const globalSetup = ["global-folder", ...setups].map((setup) => `test/support/${setup}.ts`);
  // Unit tests are short: to start a process for each of their files would take longer than they do. What others set up, servers and the environment, ends with their process.
  const own = name === "unit" ? { isolate: false, restoreMocks: true, unstubEnvs: true } : { testTimeout: 60_000, hookTimeout: 120_000 };
  return { extends: true as const, test: { name, include, globalSetup, ...own } };
}

export default defineConfig({
  plugins: [builtEntry],
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ["celeriac-source", "node", "module-sync"] } },
  test: {
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    // On a busy machine nothing happens within the second that is Vitest's own.
    expect: { poll: { timeout: 15_000 } },
    env: { TZ: "UTC" },
    execArgv: ["--conditions=celeriac-source"],
    experimental: { fsModuleCache: true, fsModuleCachePath: modules },
    projects: [
      project("unit", "global-built"),
      project("packages", "global-packages"),
      project("published", "global-packages"),
      project("conformance", "global-built", "global-servers"),
      project("interop", "global-built", "global-servers"),
      project("browser", "global-built", "global-servers"),
      project("faults", "global-built", "global-servers"),
    ],
  },
});
