/** The file that names a running worker's process, for scripts that stop it by that. */
import { closeSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { CeleriacError, reasonOf } from "@celeriac/core/runtime";

/** Writes it, and gives what removes it. Throws WORKER_STARTUP where its process lives, or it cannot be written. */
export function holdPidFile(path: string): () => void {
  try {
    if (isStale(path)) rmSync(path, { force: true });
    const file = openSync(path, "wx");
    writeSync(file, `${process.pid}\n`);
    closeSync(file);
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code === "EEXIST" ? `process ${textOf(path)} in it is running` : reasonOf(cause);
    throw new CeleriacError("WORKER_STARTUP", `The pid file ${path} cannot be held: ${reason}`, { cause });
  }
  return () => {
    // Another one may have taken it over, whose it is then.
    if (textOf(path) === String(process.pid)) rmSync(path, { force: true });
  };
}

/** What is left of a process that is gone, or was never one. */
function isStale(path: string): boolean {
  const text = textOf(path);
  if (text === null) return false;
  const pid = Number(text);
  return !Number.isInteger(pid) || pid <= 0 || pid === process.pid || !isAlive(pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
}
