/**
 * The test projects. `unit` needs nothing; `packages` and `published` look at our packages as npm would publish them, the latter with tools
 * that `npm run test:published` installs first; the others find their servers through `test/support/servers.ts`.
 */
import { defineConfig } from "vitest/config";

// What a developer's own environment says about brokers must not reach a test, nor a process that a test starts.
for (const name of Object.keys(process.env)) if (/^(CELERY|CELERIAC)_/.test(name)) delete process.env[name];

// Packages of this repository resolve to their TypeScript sources, so no build goes before a test.
const conditions = ["celeriac-source", "module", "node", "development|production"];

function project(name: string, setup?: "global-servers" | "global-packages") {
  const include = [`test/${name}/**/*.test.ts`];
  const waits = { testTimeout: 60_000, hookTimeout: 120_000 };
  return {
    extends: true as const,
    test: setup === undefined ? { name, include } : { name, include, globalSetup: [`test/support/${setup}.ts`], ...waits },
  };
}

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ["celeriac-source", "node", "module-sync"] } },
  test: {
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    env: { TZ: "UTC" },
    execArgv: ["--conditions=celeriac-source"],
    projects: [
      project("unit"),
      project("packages", "global-packages"),
      project("published", "global-packages"),
      project("conformance", "global-servers"),
      project("interop", "global-servers"),
      project("faults", "global-servers"),
    ],
  },
});
