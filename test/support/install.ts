/** Installs what the server tests need and the machine lacks, where it may: Debian's packages, as root. */
import { spawnSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { faketimeLibrary } from "./moved-clock.ts";
import { hasPostgres } from "./postgres-server.ts";
import { programPath } from "./program.ts";

interface Need {
  /** what a message calls it */
  readonly name: string;
  readonly isThere: () => boolean;
  readonly packages: readonly string[];
}

/** What the tests of the monitor's pages drive: with no window to draw for, half of the computing. */
export const chromium = () =>
  programPath("chromium-headless-shell") ?? programPath("chromium") ?? programPath("chromium-browser") ?? programPath("google-chrome");

export const debianPython = "/usr/bin/python3";

const needs: readonly Need[] = [
  { name: "redis-server", isThere: () => programPath("redis-server") !== null, packages: ["redis-server"] },
  { name: "rabbitmq-server", isThere: () => programPath("rabbitmq-server") !== null, packages: ["rabbitmq-server"] },
  { name: "postgresql", isThere: hasPostgres, packages: ["postgresql"] },
  { name: "libfaketime", isThere: () => faketimeLibrary() !== null, packages: ["libfaketime"] },
  { name: "Chromium", isThere: () => chromium() !== null, packages: ["chromium-headless-shell"] },
  { name: "Python Celery", isThere: () => imports("celery, redis"), packages: ["python3-celery", "python3-redis"] },
  { name: "SQLAlchemy", isThere: () => imports("sqlalchemy, psycopg2"), packages: ["python3-sqlalchemy", "python3-psycopg2"] },
];

/** Installs what is missing; where that is not possible, leaves it to whoever needs it to say so. Tells of each step on stderr. */
export function installWhatIsMissing(): void {
  const missing = needs.filter((need) => !need.isThere());
  if (missing.length === 0) return;
  const names = missing.map((need) => need.name).join(", ");
  if (programPath("apt-get") === null || process.getuid?.() !== 0) {
    tell(`${names}: not installed, and only root can install with apt-get`);
    return;
  }
  tell(`${names}: not installed; installing with apt-get (once, may take some minutes)`);
  withoutStartingServices(() => {
    run("apt-get", ["update", "-q"]);
    run("apt-get", ["install", "-q", "-y", "--no-install-recommends", ...missing.flatMap((need) => need.packages)]);
  });
  for (const need of missing) tell(`${need.name}: ${need.isThere() ? "installed" : "still missing"}`);
}

function imports(modules: string): boolean {
  return spawnSync(debianPython, ["-c", `import ${modules}`], { stdio: "ignore" }).status === 0;
}

/** Debian starts a server when it is installed, unless this file forbids it; the tests run servers of their own. */
function withoutStartingServices(install: () => void): void {
  const policy = "/usr/sbin/policy-rc.d";
  const forbid = !existsSync(policy);
  if (forbid) writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    install();
  } finally {
    if (forbid) rmSync(policy);
  }
}

function run(command: string, args: readonly string[]): void {
  tell(`$ ${command} ${args.join(" ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const { status, error } = spawnSync(command, args, { stdio: ["ignore", 2, 2], env });
  if (status !== 0) tell(`${command} ${error === undefined ? `ended with ${String(status)}` : error.message}`);
}

function tell(line: string): void {
  process.stderr.write(`[servers] ${line}\n`);
}
