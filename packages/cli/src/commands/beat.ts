/** `celeriac beat`: sends what the app's schedule says until a signal stops it. */
import { type Beat, createBeat } from "@celeriac/beat";
import { isMemoryUrl, systemClock } from "@celeriac/core/runtime";
import type { CommandArguments } from "../command-table.ts";
import { exitCode, type StopSignal, signalExitCode } from "../exit-code.ts";
import { loadApp } from "../load-app.ts";
import { openLog } from "../open-log.ts";
import type { Output } from "../output.ts";
import { holdPidFile } from "../pid-file.ts";
import { trapSignals } from "../signals.ts";

/** Closing what the app's modules opened must not hold up the end for longer. */
const closeLimitMs = 5_000;

/** Resolves with the exit code. Throws what keeps beat from starting. */
export async function beat({ common, options }: CommandArguments<"beat">, output: Output): Promise<number> {
  const { loglevel: level, logfile: file, pidfile, failover, grace, http } = options;
  let running: Beat | null = null;
  let isAsked = false;
  let finish = (_code: number): void => {};
  const ended = new Promise<number>((resolve) => {
    finish = resolve;
  });
  const warm = (signal: StopSignal) => {
    isAsked = true;
    // The terminal has written ^C into the line.
    if (output.isReadable && signal === "SIGINT") output.print("");
    if (running !== null) void running.stop().then(() => finish(exitCode.done));
  };
  const endSignals = trapSignals({ warm, cold: (signal) => process.exit(signalExitCode[signal]) });
  let letGo = () => {};
  try {
    const { app, runtime } = await loadApp(common.app, process.cwd());
    const logger = await openLog(output, { level, file });
    if (isAsked) return exitCode.done;
    if (pidfile !== null) letGo = holdPidFile(pidfile);
    runtime.setLogger(logger);
    runtime.tellUnusedSettings();
    await runtime.loadIncludes();
    const { brokerUrl } = runtime.settings;
    if (isMemoryUrl(brokerUrl))
      logger.warn("the broker is in this process's memory: no worker will ever see what is sent", { broker: brokerUrl });
    // A signal that came while modules were loading.
    if (isAsked) return exitCode.done;
    running = createBeat(app, { failover, grace, http }, { logger });
    try {
      await running.start();
      if (runtime.schedule.size === 0 && running.stats().entries === 0)
        logger.warn("nothing is scheduled: declare an entry with app.schedule(), or add one with celeriac schedules add", {
          app: runtime.name,
        });
    } catch (error) {
      await running.stop();
      if (!isAsked) throw error;
    }
    const code = await ended;
    await Promise.race([app.close(), systemClock.sleep(closeLimitMs)]);
    return code;
  } finally {
    letGo();
    endSignals();
  }
}
