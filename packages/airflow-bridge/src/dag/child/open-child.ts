/** What a child process of the scheduler has: the app it loads, the store it opens, and a log that its parent writes, with what user code prints. */
import { captureLines, type Logger, maskSecrets, redact, systemClock } from "@celeriac/core/runtime";
import { createOpenHooks } from "../hooks/open-hooks.ts";
import { loadDags } from "../runner/load-dags.ts";
import type { RunnerParts } from "../runner/runner.ts";
import { runnerParts } from "../runner/runner-parts.ts";
import { openStoreAt } from "../store/app-store.ts";
import type { ChildStart, FromChild } from "./messages.ts";

/** Throws APP_NOT_FOUND, CONFIG_*, and what the app's module throws. */
export async function openChild({ source, storeUrl, settings, hostname }: ChildStart): Promise<RunnerParts> {
  const loaded = await loadDags(source);
  loaded.runtime.enterExecutor();
  loaded.runtime.setLogger(parentLogger);
  const store = await openStoreAt(storeUrl, loaded.runtime, settings);
  const around = { logger: parentLogger, clock: systemClock };
  const hooks = createOpenHooks(around);
  return runnerParts(loaded, { store, hooks, settings, hostname, ...around, handBack: "up_for_reschedule" });
}

export function tellParent(message: FromChild): void {
  // Whoever is gone hears nothing, and the channel's end says so.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

/** `fields`: of what runs when something is printed. As in a worker, what goes to stderr is a warning. */
export function logPrints(fields: () => object): void {
  captureLines(process.stdout, (text) => parentLogger.info(maskSecrets(text), { stream: "stdout", ...fields() }));
  captureLines(process.stderr, (text) => parentLogger.warn(maskSecrets(text), { stream: "stderr", ...fields() }));
}

const writeError = process.stderr.write.bind(process.stderr);

/** The parent writes the log; without it there is only this process's own output. */
const parentLogger: Logger = Object.freeze({ debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") });

function line(level: keyof Logger): Logger["debug"] {
  return (message, fields) => {
    const shown = fields === undefined ? undefined : (redact(fields) as object);
    if (process.connected) tellParent({ kind: "log", level, message, fields: shown });
    else writeError(`${shown === undefined ? message : `${message} ${JSON.stringify(shown)}`}\n`);
  };
}
