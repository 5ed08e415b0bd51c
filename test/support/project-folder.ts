/** A user's project in a directory of its own, in which this repository's packages are installed. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { temporaryDirectory } from "./private-process.ts";

const installed = fileURLToPath(new URL("../../node_modules", import.meta.url));

/** With `files`: path → text. Removed by the function it comes with. */
export function projectFolder(name: string, files: Readonly<Record<string, string>> = {}): { readonly path: string; remove(): void } {
  const folder = temporaryDirectory(name);
  symlinkSync(installed, join(folder.path, "node_modules"));
  for (const [file, text] of Object.entries({ "package.json": '{ "type": "module" }', ...files })) {
    mkdirSync(dirname(join(folder.path, file)), { recursive: true });
    writeFileSync(join(folder.path, file), text);
  }
  return folder;
}
