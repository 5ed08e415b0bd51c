/** A file that the log is appended to, in place of the standard output. */
import { closeSync, existsSync, fstatSync, openSync, renameSync, writeSync } from "node:fs";
import { CeleriacError, reasonOf } from "@celeriac/core/runtime";

/** When the file would be longer than `maxBytes` it is renamed to FILE.1, that to FILE.2, to FILE.`backups` at most. 0 of either: never. */
export interface Rotation {
  readonly maxBytes: number;
  readonly backups: number;
}

/** What writes lines into it: at once, so that none is lost with the process. Throws WORKER_STARTUP when it cannot be written. */
export function openLogFile(path: string, rotation: Rotation = { maxBytes: 0, backups: 0 }): (line: string) => void {
  let file = open(path);
  let length = fstatSync(file).size;
  const rotates = rotation.maxBytes > 0 && rotation.backups > 0;
  return (line) => {
    const bytes = Buffer.from(line.endsWith("\n") ? line : `${line}\n`);
    if (rotates && length > 0 && length + bytes.length > rotation.maxBytes && shift(path, rotation.backups)) {
      closeSync(file);
      file = open(path);
      length = 0;
    }
    length += writeSync(file, bytes);
  };
}

function open(path: string): number {
  try {
    return openSync(path, "a");
  } catch (cause) {
    throw new CeleriacError("WORKER_STARTUP", `The log file ${path} cannot be written: ${reasonOf(cause)}`, { cause });
  }
}

/** false: it cannot be renamed, and is written on, for a log that is too long is better than none. */
function shift(path: string, backups: number): boolean {
  try {
    for (let at = backups - 1; at >= 1; at--) if (existsSync(`${path}.${at}`)) renameSync(`${path}.${at}`, `${path}.${at + 1}`);
    renameSync(path, `${path}.1`);
    return true;
  } catch {
    return false;
  }
}
