/** Where a program of this machine is, also in the folders that only an administrator has on the PATH. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

const administratorFolders = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** The path of `name`, or null when it is not installed. */
export function programPath(name: string): string | null {
  for (const folder of [...(process.env["PATH"] ?? "").split(delimiter), ...administratorFolders]) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // not here; the next folder may have it
    }
  }
  return null;
}
