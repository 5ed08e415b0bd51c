/** Wakes other processes on the same file: whoever waits watches `<file>-wake`, whoever has committed something for them touches it. */
import { closeSync, type FSWatcher, futimesSync, openSync, watch } from "node:fs";
import { systemClock } from "../clock.ts";

export interface WakeFile {
  /** Starts to watch, once. `onWake` may be called more often than the file was touched, also for our own touch. */
  watch(onWake: () => void, onFailure: (error: unknown) => void): void;
  touch(): void;
  close(): void;
}

export function openWakeFile(databasePath: string): WakeFile {
  const path = `${databasePath}-wake`;
  const descriptor = openSync(path, "a");
  let watcher: FSWatcher | null = null;
  let watched = false;
  return {
    watch(onWake, onFailure) {
      if (watched) return;
      watched = true;
      // Without a watcher (no inotify instance left) the poll still finds everything, later.
      try {
        watcher = watch(path, { persistent: false }, onWake);
        watcher.on("error", onFailure);
      } catch (error) {
        onFailure(error);
      }
    },
    touch() {
      const nowSeconds = systemClock.now() / 1000;
      futimesSync(descriptor, nowSeconds, nowSeconds);
    },
    close() {
      watcher?.close();
      watcher = null;
      closeSync(descriptor);
    },
  };
}
