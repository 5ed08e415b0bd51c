/** Asks for a run of the DAG, has it run, and tells how its task instances ended: three commands, which one may as well type. */
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";

const command = fileURLToPath(new URL("bin/celeriac.js", import.meta.resolve("celeriac/package.json")));
const runId = `by-hand-${randomUUID().slice(0, 8)}`;

function celeriac(...words: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...words], {
    cwd: fileURLToPath(new URL(".", import.meta.url)),
    encoding: "utf8",
  });
  if (status === 0) return stdout;
  console.error(`celeriac ${words.join(" ")} ended with ${status}\n${stdout}${stderr}`);
  process.exit(1);
}

celeriac("dag", "trigger", "etl", "--run-id", runId, "--logical-date", "2012-01-15T00:00:00Z");
celeriac("dag", "scheduler", "--until-idle", "--parallelism", "4");
console.log(celeriac("dag", "states", "etl", runId));
const { state, instances } = JSON.parse(celeriac("--json", "dag", "states", "etl", runId)) as { state: string; instances: unknown[] };
console.log(`run ${runId} ${state} ${instances.length} task instances`);
process.exitCode = state === "success" ? 0 : 1;
