/** Our packages as npm would publish them, installed in a project of their own: built, packed and unpacked beside the other packages of this repository. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { temporaryDirectory } from "./private-process.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const tsc = join(root, "node_modules/typescript/bin/tsc");
/** by name: the folder in packages/ */
export const packages: Readonly<Record<string, string>> = { "@celeriac/core": "core", "@celeriac/worker": "worker", celeriac: "cli" };

export interface PackedProject {
  readonly path: string;
  /** The files of a package, from its root. */
  files(name: string): readonly string[];
  manifest(name: string): Manifest;
  write(files: Readonly<Record<string, string>>): void;
  remove(): void;
}

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

export function packProject(): PackedProject {
  execFileSync(process.execPath, [tsc, "-b", "tsconfig.build.json"], { cwd: root });
  execFileSync(process.execPath, ["tools/finish-build.mjs"], { cwd: root });
  const folder = temporaryDirectory("packed");
  const modules = join(folder.path, "node_modules");
  mkdirSync(modules);
  for (const name of installedBeside()) symlinkSync(join(root, "node_modules", name), join(modules, name));
  for (const [name, place] of Object.entries(packages)) unpack(place, join(modules, name), folder.path);
  const project: PackedProject = {
    ...folder,
    files: (name) => readdirSync(join(modules, name), { recursive: true, encoding: "utf8" }),
    manifest: (name) => JSON.parse(readFileSync(join(modules, name, "package.json"), "utf8")) as Manifest,
    write(files) {
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(folder.path, path)), { recursive: true });
        writeFileSync(join(folder.path, path), text);
      }
    },
  };
  project.write({ "package.json": '{ "type": "module" }' });
  return project;
}

/** Everything but ourselves. */
function installedBeside(): readonly string[] {
  return readdirSync(join(root, "node_modules")).filter((name) => !name.startsWith(".") && name !== "@celeriac" && name !== "celeriac");
}

function unpack(place: string, target: string, temporary: string): void {
  const words = ["pack", "--silent", "--pack-destination", temporary];
  const tarball = execFileSync("npm", words, {
    cwd: join(root, "packages", place),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  }).trim();
  mkdirSync(target, { recursive: true });
  execFileSync("tar", ["-xzf", join(temporary, tarball), "-C", target, "--strip-components=1"]);
}
