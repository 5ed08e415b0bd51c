/** Copies what the compiler leaves behind from each package's src into its dist: the Lua scripts that lie beside the Redis drivers. */
import { copyFileSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const packages = fileURLToPath(new URL("../packages/", import.meta.url));

for (const name of readdirSync(packages)) {
  const source = join(packages, name, "src");
  if (!existsSync(source)) continue;
  for (const file of readdirSync(source, { recursive: true })) {
    if (!file.endsWith(".lua")) continue;
    const target = join(packages, name, "dist", file);
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(join(source, file), target);
  }
}
