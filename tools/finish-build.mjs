/** Second half of the build: puts scripts of other languages (Redis's, Airflow's) beside the compiled files that use them, and removes what was built from sources that are gone. */
import { cpSync, existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const packages = fileURLToPath(new URL("../packages", import.meta.url));

for (const name of readdirSync(packages)) {
  const [source, built] = [join(packages, name, "src"), join(packages, name, "dist")];
  const from = (path) => join(source, path.replace(/(\.d\.ts|\.js)(\.map)?$/, ".ts"));
  // The pages are Vite's: see build-web.mjs.
  const isKept = (path) => path.endsWith(".tsbuildinfo") || path.startsWith(join("web", "")) || existsSync(from(path));
  for (const path of files(built)) if (!isKept(path)) rmSync(join(built, path));
  for (const path of files(source)) if (/\.(lua|py)$/.test(path)) cpSync(join(source, path), join(built, path));
}

function files(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}
