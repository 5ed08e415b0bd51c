/** Makes the tables, fills them as an operator would, has the scheduler catch up, and prints the log: `npm run control`. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import Database from "libsql";

const here = new URL(".", import.meta.url);
const command = fileURLToPath(new URL("bin/celeriac.js", import.meta.resolve("celeriac/package.json")));

function celeriac(...words: string[]): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, "-A", "./control.ts", ...words], {
    cwd: fileURLToPath(here),
    encoding: "utf8",
  });
  if (status === 0) return;
  console.error(`celeriac ${words.join(" ")} ended with ${status}\n${stdout}${stderr}`);
  process.exit(1);
}

celeriac("dag", "tables", "init");
const database = new Database(
  (process.env["CONTROL_URL"] ?? `sqlite://${fileURLToPath(new URL("control.db", here))}`).slice("sqlite://".length),
);
database.exec(readFileSync(new URL("control.sql", here), "utf8"));
celeriac("dag", "tables", "check");
celeriac("dag", "scheduler", "--until-idle", "--parallelism", "4");
const log = database.prepare("select stream, run_id, process, state from control_log order by stream, ended_at").all() as {
  readonly stream: string;
  readonly run_id: string;
  readonly process: string;
  readonly state: string;
}[];
database.close();
for (const { stream, run_id, process, state } of log)
  console.log([stream.padEnd(8), run_id.padEnd(48), process.padEnd(8), state].join(" "));
