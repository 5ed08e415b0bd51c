/** Where the original Flower lives: a virtual environment in the user's cache folder, brought to the newest release before each run. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

export interface FlowerEnvironment {
  /** such as "2.2.0" */
  readonly version: string;
  /** the path of one of its programs */
  program(name: string): string;
}

/** No package index answers, so nothing can be said about any Flower. */
export class NoPackageIndex extends Error {}

const folder = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "celeriac", "flower");
const program = (name: string) => join(folder, "bin", name);
const limitMs = 300_000;

/** Throws NoPackageIndex, also where none has what is wanted. */
export function newestFlower(): FlowerEnvironment {
  if (!existsSync(program("pip"))) run("python3", ["-m", "venv", folder]);
  const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries=1", "--upgrade"];
  try {
    run(program("python"), [...install, "flower", "celery[redis]"]);
  } catch (error) {
    throw new NoPackageIndex((error as Error).message);
  }
  const version = run(program("python"), ["-c", "import importlib.metadata as m; print(m.version('flower'))"]).trim();
  return { version, program };
}

function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8", timeout: limitMs });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${error?.message ?? stderr.trim().split("\n").at(-1)}`);
  return stdout;
}
