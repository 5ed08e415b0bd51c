/** `celeriac dag scheduler`: starts runs of DAGs and has their tasks run until a signal stops it. */
import type { DagService } from "@celeriac/airflow-bridge/dag-runtime";
import { CeleriacError, durationMs, maskWrites, systemClock } from "@celeriac/core/runtime";
import type { CommandArguments } from "../command-table.ts";
import { exitCode, type StopSignal, signalExitCode } from "../exit-code.ts";
import { loadApp } from "../load-app.ts";
import { openLog } from "../open-log.ts";
import type { Output } from "../output.ts";
import { holdPidFile } from "../pid-file.ts";
import { trapSignals } from "../signals.ts";

/** Closing what the app's modules opened must not hold up the end for longer. */
const closeLimitMs = 5_000;
const lookEveryMs = 250;

/** Resolves with the exit code. Throws what keeps it from starting. */
export async function dagScheduler({ common, options }: CommandArguments<"dag scheduler">, output: Output): Promise<number> {
  const { loglevel: level, logfile: file, pidfile, executor, parallelism } = options;
  const graceMs = durationMs(options.grace, "grace");
  const stopping = new AbortController();
  const warm = (signal: StopSignal) => {
    // The terminal has written ^C into the line.
    if (output.isReadable && signal === "SIGINT") output.print("");
    stopping.abort();
  };
  const endSignals = trapSignals({ warm, cold: (signal) => process.exit(signalExitCode[signal]) });
  let letGo = () => {};
  try {
    const { app, runtime, source } = await loadApp(common.app, process.cwd());
    // The sequential executor has tasks print here.
    maskWrites(process.stdout, process.stderr);
    const logger = await openLog(output, { level, file });
    if (pidfile !== null) letGo = holdPidFile(pidfile);
    runtime.setLogger(logger);
    runtime.tellUnusedSettings();
    await runtime.loadIncludes();
    const { createDagService, dagsOf, liveDagsOf } = await import("@celeriac/airflow-bridge/dag-runtime");
    if (dagsOf(app).size === 0 && liveDagsOf(app).length === 0)
      throw new CeleriacError(
        "DAG_UNKNOWN",
        "The app has no DAGs: its modules make them with dag(), from celeriac/dag; celeriac dag init writes a first one",
      );
    const service = createDagService({ app, runtime, source: source!, logger, settings: { executor, parallelism } });
    if (!stopping.signal.aborted) await run(service, { stopping, graceMs, untilIdle: options.untilIdle });
    await Promise.race([app.close(), systemClock.sleep(closeLimitMs)]);
    return exitCode.done;
  } finally {
    letGo();
    endSignals();
  }
}

interface RunTerms {
  readonly stopping: AbortController;
  readonly graceMs: number;
  readonly untilIdle: boolean;
}

async function run(service: DagService, { stopping, graceMs, untilIdle }: RunTerms): Promise<void> {
  const { signal } = stopping;
  const starting = service.start();
  const asked = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  // Who presses Ctrl-C while it starts wants it to end, not to be told that it could not start.
  const started = await Promise.race([starting.then(() => true), asked.then(() => false)]).catch(async (error: unknown) => {
    await service.stop();
    throw error;
  });
  if (started && !untilIdle) await asked;
  while (started && untilIdle && !signal.aborted && !(await service.isIdle())) await systemClock.sleep(lookEveryMs, signal);
  await service.stop({ deadlineMs: graceMs });
}
