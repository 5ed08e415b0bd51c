/** A file that the log is appended to, in place of the standard output. */
import { openSync, writeSync } from "node:fs";
import { CeleriacError, reasonOf } from "@celeriac/core/runtime";

/** What writes lines into it: at once, so that none is lost with the process. Throws WORKER_STARTUP when it cannot be written. */
export function openLogFile(path: string): (line: string) => void {
  let file: number;
  try {
    file = openSync(path, "a");
  } catch (cause) {
    throw new CeleriacError("WORKER_STARTUP", `The log file ${path} cannot be written: ${reasonOf(cause)}`, { cause });
  }
  return (line) => {
    writeSync(file, line.endsWith("\n") ? line : `${line}\n`);
  };
}
