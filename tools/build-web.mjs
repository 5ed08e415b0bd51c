/** Third part of the build: the monitor's pages, by Vite, when something they are made of has changed. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const flower = fileURLToPath(new URL("../packages/flower", import.meta.url));
const stampPath = join(flower, "dist/web/.stamp");
const stamp = stampOf(["src/web", "src/shared"], ["vite.config.ts", "package.json"]);

if (read(stampPath) !== stamp) {
  // React is bundled for whatever this says, and whoever tests says "test".
  process.env.NODE_ENV = "production";
  const { build } = await import("vite");
  await build({ configFile: join(flower, "vite.config.ts"), logLevel: "warn" });
  writeFileSync(stampPath, stamp);
}

function stampOf(folders, files) {
  const inside = folders.flatMap((folder) =>
    readdirSync(join(flower, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  const hash = createHash("sha256");
  for (const path of [...inside.sort(), ...files.map((file) => join(flower, file))]) hash.update(`${path}\0`).update(readFileSync(path));
  return hash.digest("hex");
}

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
