/**
 * Vitest's global setup of all projects: a folder for everything that a run keeps in temporary files, which goes with the run. What tests
 * have left in it is told: whoever made it should have removed it.
 */
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// Each project loads this file anew, so what they share hangs on the process.
const key = Symbol.for("celeriac.test.folder");
const shared = globalThis as { [key]?: { readonly path: string; users: number } };

export function setup(): () => void {
  shared[key] ??= { path: openFolder(), users: 0 };
  const { path } = shared[key];
  shared[key].users++;
  return () => {
    if (shared[key] === undefined || --shared[key].users > 0) return;
    const left = readdirSync(path).filter((name) => name.startsWith("celeriac-"));
    rmSync(path, { recursive: true, force: true, maxRetries: 5 });
    if (left.length > 0) process.stderr.write(`[folder] left behind by tests: ${left.join(", ")}\n`);
  };
}

function openFolder(): string {
  const path = mkdtempSync(join(tmpdir(), "celeriac-tests-"));
  // PostgreSQL may run as another user, who has to come through.
  chmodSync(path, 0o711);
  // Whatever this run starts takes it for the system's.
  process.env["TMPDIR"] = path;
  // Ctrl-C ends the process without a teardown.
  process.once("exit", () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }));
  return path;
}
