/** The process and the clock are reached in one place each, so that everything else can be given another one. */
import { forbiddenCode, packageSources, type Rule } from "../rule.ts";

/** cli owns its process, and the entry of a pool's child or of a task's its own; core's environment.ts reads what an app did not say. */
const ownsProcess = /^packages\/cli\/|^packages\/(?:worker\/src\/pools|airflow-bridge\/src\/(?:airflow|dag)\/child)\/[a-z-]+-entry\.ts$/;
const readsEnvironment = "packages/core/src/environment.ts";
const clock = "packages/core/src/clock.ts";
/** Pages have a clock of their own: core is for Node. */
const pageClock = "packages/flower/src/web/clock.ts";

export const processAccess = forbiddenCode(
  "process-access",
  /(?<![\w$.])process\s*(?:\??\.\s*(?:on|once|off|addListener|removeListener|exit|exitCode)\b|(?:\?\.)?\[)|\}\s*=\s*process\b(?!\s*[.?])/g,
  (path) => ownsProcess.test(path),
  "only packages/cli and the entry of a child (worker/src/pools/*-entry.ts, airflow-bridge/src/{airflow,dag}/child/*-entry.ts) touch the process",
);

export const environmentAccess = forbiddenCode(
  "environment-access",
  /(?<![\w$.])process\s*\??\.\s*env\b/g,
  (path) => ownsProcess.test(path) || path === readsEnvironment,
  "only packages/cli, the entry of a child and core/src/environment.ts read the environment",
);

export const clockAccess = forbiddenCode(
  "clock-access",
  /(?<![\w$.])(?:Date\s*\.\s*now\b|new\s+Date\s*(?:\(\s*\)|(?![\w$(<\s.]))|(?:setTimeout|setInterval)\b)/g,
  (path) => path === clock || path === pageClock,
  "time comes from a Clock (core/src/clock.ts)",
);

const hidden = new Set(["node:process", "process", "node:timers", "timers", "node:timers/promises", "timers/promises"]);

/** The same things under another name. */
export const hiddenAccess: Rule = {
  name: "hidden-access",
  *check(project) {
    for (const { path, imports } of packageSources(project)) {
      if (ownsProcess.test(path) || path === clock) continue;
      for (const { specifier, line } of imports)
        if (hidden.has(specifier)) yield { path, line, message: `${specifier} hides the process or the clock from the other rules` };
    }
  },
};
