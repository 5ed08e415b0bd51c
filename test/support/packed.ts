/** Our packages as npm would publish them: built, packed, and installed beside the other packages of this repository, for projects that use them as anybody's would. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "./built.ts";
import { temporaryDirectory } from "./private-process.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** by name: the folder in packages/ */
export const packages: Readonly<Record<string, string>> = {
  "@celeriac/core": "core",
  "@celeriac/worker": "worker",
  "@celeriac/beat": "beat",
  "@celeriac/flower": "flower",
  "@celeriac/airflow-bridge": "airflow-bridge",
  celeriac: "cli",
};

export interface PackedPackages {
  /** Folder of all that follows. */
  readonly path: string;
  /** The files of a package, from its root. */
  files(name: string): readonly string[];
  manifest(name: string): Manifest;
  /** What users import from it: "celeriac", "celeriac/worker". */
  doors(name: string): readonly string[];
  /** Path of the archive that npm would publish. */
  tarball(name: string): string;
  /** Writes a project that has our packages installed: ES modules, unless a package.json among the files says otherwise. Returns its path. */
  project(name: string, files: Readonly<Record<string, string>>): string;
}

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly publishConfig?: { readonly access: string };
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** Packs all of them into a new folder. */
export function packPackages(): { readonly path: string; remove(): void } {
  build();
  const folder = temporaryDirectory("packed");
  const modules = join(folder.path, "node_modules");
  mkdirSync(modules);
  for (const name of installedBeside()) symlinkSync(join(root, "node_modules", name), join(modules, name));
  for (const [name, tarball] of pack(folder.path)) unpack(packages[name]!, tarball, join(modules, name));
  return folder;
}

/** What `packPackages` has put into the folder `path`. */
export function packedPackages(path: string): PackedPackages {
  const folderOf = (name: string) => join(path, "node_modules", name);
  const manifest = (name: string) => JSON.parse(readFileSync(join(folderOf(name), "package.json"), "utf8")) as Manifest;
  return {
    path,
    manifest,
    doors: (name) =>
      Object.keys(manifest(name).exports)
        .filter((door) => door !== "./package.json")
        .map((door) => posix.join(name, door)),
    files: (name) => readdirSync(folderOf(name), { recursive: true, encoding: "utf8" }).filter((path) => !path.startsWith("node_modules")),
    tarball: (name) => join(path, `${name.replace(/^@/, "").replace("/", "-")}-${manifest(name).version}.tgz`),
    project(name, files) {
      const folder = join(path, name);
      for (const [file, text] of Object.entries({ "package.json": '{ "type": "module" }', ...files })) {
        mkdirSync(dirname(join(folder, file)), { recursive: true });
        writeFileSync(join(folder, file), text);
      }
      return folder;
    },
  };
}

/** Everything but ourselves. */
function installedBeside(): readonly string[] {
  return readdirSync(join(root, "node_modules")).filter((name) => !name.startsWith(".") && name !== "@celeriac" && name !== "celeriac");
}

/** All at once, for npm takes its time to start: name → path of the archive. */
function pack(folder: string): ReadonlyMap<string, string> {
  const places = Object.values(packages).flatMap((place) => ["--workspace", `packages/${place}`]);
  const words = ["pack", "--silent", "--pack-destination", folder, ...places];
  const tarballs = execFileSync("npm", words, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
    .trim()
    .split("\n");
  return new Map(Object.keys(packages).map((name, at) => [name, join(folder, tarballs[at]!)]));
}

function unpack(place: string, tarball: string, target: string): void {
  mkdirSync(target, { recursive: true });
  execFileSync("tar", ["-xzf", tarball, "-C", target, "--strip-components=1"]);
  const own = join(root, "packages", place, "node_modules");
  if (existsSync(own)) symlinkSync(own, join(target, "node_modules"));
}
