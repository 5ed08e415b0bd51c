/** Where real Airflows live: a virtual environment for each version, in the user's cache folder, made when it is first needed. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { programPath } from "../support/program.ts";

export interface AirflowEnvironment {
  /** such as "3.3.2" */
  readonly version: string;
  /** 2 or 3 */
  readonly major: 2 | 3;
  /** the folder of its programs */
  readonly programs: string;
  /** the path of one of them, such as "airflow" */
  program(name: string): string;
}

/** No package index answers, so nothing can be said about any Airflow. */
export class NoPackageIndex extends Error {}

const extras = "celery,postgres,redis";
/** Packages that came later are left out: Airflow names no upper bounds. Releases of providers that mend what came with a version are not. */
const daysAfterRelease = 30;
const dayMs = 86_400_000;
const limitMs = 900_000;
const unreachable =
  /Name or service not known|name resolution|dns error|Connection refused|error sending request|NewConnectionError|ConnectTimeout|timed out|No matching distribution found for uv/i;

const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "celeriac", "airflow");

/** The newest release of a major version that the index has, installed. */
export function newestAirflow(major: 2 | 3): AirflowEnvironment {
  const { version, releasedAt } = newestRelease(major);
  const folder = join(cache, version);
  const done = join(folder, "installed");
  if (!existsSync(done)) {
    rmSync(folder, { recursive: true, force: true });
    const until = new Date(Math.min(releasedAt.getTime() + daysAfterRelease * dayMs, Date.now())).toISOString();
    tell(`installing apache-airflow ${version} with packages up to ${until.slice(0, 10)} (once, takes a minute)`);
    uv(["venv", "--quiet", "--python", python(), folder]);
    const into = ["--python", join(folder, "bin", "python"), "--exclude-newer", until, "--compile-bytecode"];
    uv(["pip", "install", "--quiet", ...into, `apache-airflow[${extras}]==${version}`]);
    writeFileSync(done, `${until}\n`);
  }
  const programs = join(folder, "bin");
  return { version, major, programs, program: (name) => join(programs, name) };
}

function newestRelease(major: 2 | 3): { version: string; releasedAt: Date } {
  const wanted = `apache-airflow>=${major},<${major + 1}`;
  const lock = uv(
    ["pip", "compile", "--quiet", "--no-header", "--no-deps", "--python-version", "3.11", "--format", "pylock.toml", "-"],
    wanted,
  );
  const version = /^version = "([\d.]+)"$/m.exec(lock)?.[1];
  const at = /\.whl", upload-time = ([\d:TZ-]+)/.exec(lock)?.[1];
  if (version === undefined || at === undefined) throw new Error(`The package index tells no release of ${wanted}:\n${lock}`);
  return { version, releasedAt: new Date(at) };
}

/** Runs uv, which resolves as of a day; it is installed beside the environments. */
function uv(args: readonly string[], input = ""): string {
  const folder = join(cache, "uv");
  const program = join(folder, "bin", "uv");
  if (!existsSync(program)) {
    mkdirSync(cache, { recursive: true });
    const making = `${folder}.${process.pid}`;
    run(python(), ["-m", "venv", making]);
    run(join(making, "bin", "pip"), ["install", "--quiet", "uv"]);
    renameSync(making, folder);
  }
  return run(program, args, input);
}

function run(command: string, args: readonly string[], input = ""): string {
  // What pip trusts, uv shall trust.
  const env = { SSL_CERT_FILE: process.env["PIP_CERT"], UV_INDEX_URL: process.env["PIP_INDEX_URL"], ...process.env };
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8", input, timeout: limitMs, env });
  if (status === 0) return stdout;
  const why = `${command} ${args.join(" ")}: ${error?.message ?? stderr}`;
  throw unreachable.test(why) ? new NoPackageIndex(why) : new Error(why);
}

/** One that Airflow 2 runs with as well. */
function python(): string {
  const found = ["python3.11", "python3.12", "python3.10", "python3"].map(programPath).find((path) => path !== null);
  if (found === undefined) throw new Error("Airflow needs Python, and none is installed");
  return found!;
}

function tell(line: string): void {
  process.stderr.write(`[airflow] ${line}\n`);
}
