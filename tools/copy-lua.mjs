/** Second half of the build: puts the Redis scripts beside the compiled drivers that read them. */
import { cpSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const core = fileURLToPath(new URL("../packages/core", import.meta.url));
const scripts = readdirSync(join(core, "src"), { recursive: true }).filter((path) => path.endsWith(".lua"));
for (const path of scripts) cpSync(join(core, "src", path), join(core, "dist", path));
