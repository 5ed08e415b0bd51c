/** Watches the code of a project, folder by folder: Node's own recursive watch would walk through node_modules. */
import { existsSync, type FSWatcher, readdirSync, statSync, watch } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { Clock, Timer } from "@celeriac/core/runtime";

export interface ProjectWatch {
  close(): void;
}

const skippedFolders = new Set(["node_modules", "coverage"]);
/** What a worker writes while it runs, its database first of all, must not start it anew. */
const watchedFile = /\.(?:[cm]?[jt]sx?|json)$|^\.env/;
/** Editors write a file in several steps, and a branch switch many files. */
const quietMs = 100;

/** The folder of the nearest package.json at or above `path`'s folder, else that folder. */
export function projectFolder(path: string): string {
  const start = dirname(path);
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) return folder;
    if (folder === dirname(folder)) return start;
  }
}

/** Calls `changed` with the last changed path, relative to `root`, once it has been quiet for a moment. */
export function watchProject(root: string, clock: Clock, changed: (path: string) => void): ProjectWatch {
  const watchers = new Map<string, FSWatcher>();
  let timer: Timer | null = null;

  function add(folder: string): void {
    if (watchers.has(folder)) return;
    try {
      const watcher = watch(folder, (_event, name) => name !== null && noticed(folder, name));
      watcher.on("error", () => remove(folder));
      watchers.set(folder, watcher);
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        if (entry.isDirectory() && !isSkipped(entry.name)) add(join(folder, entry.name));
      }
    } catch {
      // Gone again, or not ours to read: then there is nothing to watch.
      remove(folder);
    }
  }

  function remove(folder: string): void {
    watchers.get(folder)?.close();
    watchers.delete(folder);
  }

  function noticed(folder: string, name: string): void {
    const path = join(folder, name);
    const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
    if (isFolder && !isSkipped(name)) add(path);
    else if (watchers.has(path)) remove(path);
    if (!watchedFile.test(name)) return;
    timer?.cancel();
    timer = clock.after(quietMs, () => changed(relative(root, path)));
  }

  add(root);
  return {
    close() {
      timer?.cancel();
      for (const folder of [...watchers.keys()]) remove(folder);
    },
  };
}

function isSkipped(name: string): boolean {
  return name.startsWith(".") || skippedFolders.has(name);
}
