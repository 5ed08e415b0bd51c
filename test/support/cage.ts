/**
 * A container without a container's tools: process 1 of its own, a user without a name and a home, and nothing that can be written. Where
 * this machine lets nobody make namespaces, what is left of it: that user, no home, and a folder for temporary files that cannot be written.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type PrivateProcess, startPrivateProcess, temporaryDirectory } from "./private-process.ts";

export const nobody = 65_534;

export interface Cage {
  readonly kind: "namespaces" | "user";
  /** `celeriac` with these words, in the folder of the app. */
  start(words: readonly string[]): PrivateProcess;
  /** Of the process inside, once it runs. */
  pid(process: PrivateProcess): number;
  remove(): void;
}

const repository = fileURLToPath(new URL("../..", import.meta.url));
const isRoot = process.getuid?.() === 0;
/** Where the folder of the cage lies inside: any folder that everybody may enter, and that is there. */
const inside = "/mnt";

/** `files`: name → text, of an app that imports our packages. */
export function createCage(files: Readonly<Record<string, string>>): Cage {
  const folder = temporaryDirectory("cage");
  const kind = isRoot && mayMount(folder.path) ? "namespaces" : "user";
  const place = kind === "namespaces" ? inside : folder.path;
  const packages = kind === "namespaces" ? `${inside}/repository` : repository;
  const app = join(folder.path, "app");
  for (const each of [app, join(folder.path, "repository")]) mkdirSync(each);
  for (const [name, text] of Object.entries({ "package.json": '{ "type": "module" }', ...files })) writeFileSync(join(app, name), text);
  symlinkSync(join(packages, "node_modules"), join(app, "node_modules"));
  for (const each of [app, folder.path]) chmodSync(each, 0o555);
  if (kind === "user" && isRoot) chmodSync(dirname(folder.path), 0o711);

  const bare = [
    "env",
    "-i",
    `PATH=${process.env["PATH"]}`,
    `TMPDIR=${place}/app`,
    process.execPath,
    join(packages, "packages/cli/bin/celeriac.js"),
  ];
  const asNobody = isRoot ? ["setpriv", "--reuid", String(nobody), "--regid", String(nobody), "--clear-groups", ...bare] : bare;
  const locked = kind === "namespaces" ? [...unshare, lock(folder.path), "sh", ...asNobody] : asNobody;
  return {
    kind,
    start(words) {
      const [command = "", ...args] = [...locked, ...words];
      return startPrivateProcess({ command, args, cwd: app });
    },
    pid({ pid }) {
      if (kind === "user") return pid;
      return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ")[0]);
    },
    remove() {
      for (const each of [folder.path, app]) chmodSync(each, 0o755);
      folder.remove();
    },
  };
}

const unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-e", "-c"] as const;

/** Mounts what is needed, and all that could be written once more for reading alone, then becomes what it is given. */
function lock(folder: string): string {
  return `mount --make-rprivate /
    mount --bind '${folder}' ${inside}
    mount --bind '${repository}' ${inside}/repository
    for place in / /tmp /var/tmp /dev/shm ${inside} ${inside}/repository; do
      mount -o remount,bind,ro "$place" 2>/dev/null || { mount --bind "$place" "$place"; mount -o remount,bind,ro "$place"; }
    done
    cd ${inside}/app
    exec "$@"`;
}

function mayMount(folder: string): boolean {
  const [command, ...args] = unshare;
  const trial = `mount --make-rprivate /; mount --bind '${folder}' ${inside}; mount -o remount,bind,ro ${inside}`;
  try {
    execFileSync(command, [...args, trial], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
