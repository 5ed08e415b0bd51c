/** Vitest's global setup of the projects that start processes: builds what these run, once per run, and again when a watched run goes on. */
import type { TestProject } from "vitest/node";
import { build } from "./built.ts";

// Each project loads this file anew, so what they share hangs on the process.
const key = Symbol.for("celeriac.test.isBuilt");
const shared = globalThis as { [key]?: true };

export function setup(project: TestProject): void {
  project.onTestsRerun(async () => build());
  if (shared[key]) return;
  shared[key] = true;
  build();
}
