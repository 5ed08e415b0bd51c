/**
 * `npm run test:interop`: our side against Python's Celery. `npm run test:interop -- flower` and `-- airflow` run our worker under a program of others
 * that a package index has, and end with 69 where none answers; all other words are Vitest's.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const programs: Readonly<Record<string, string>> = { airflow: "../airflow/run.ts", flower: "../flower/run.ts" };

const [first = "", ...others] = process.argv.slice(2);
const program = programs[first];
const vitest = fileURLToPath(new URL("../../node_modules/vitest/vitest.mjs", import.meta.url));
const words =
  program === undefined
    ? [vitest, "run", "--project", "interop", ...process.argv.slice(2)]
    : [...process.execArgv, fileURLToPath(new URL(program, import.meta.url)), ...others];
process.exitCode = spawnSync(process.execPath, words, { stdio: "inherit" }).status ?? 1;
