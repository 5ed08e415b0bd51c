/** `celeriac flower`: serves the monitor until a signal stops it. */
import { type Logger, type LogLevel, latestLogger, systemClock } from "@celeriac/core/runtime";
import type { Monitor, ResolvedMonitorOptions } from "@celeriac/flower";
import type { MonitorOptions } from "@celeriac/flower/options";
import type { CommandArguments } from "../command-table.ts";
import { exitCode, type StopSignal, signalExitCode } from "../exit-code.ts";
import { isInEnvironment, loadAppOrNone, refuseMemory } from "../load-app.ts";
import { monitorFlagNames } from "../monitor-commands.ts";
import { type LogPlace, openLog } from "../open-log.ts";
import type { Output } from "../output.ts";
import { trapSignals } from "../signals.ts";

type Args = CommandArguments<"flower">;

/** Closing what the app's modules opened must not hold up the end for longer. */
const closeLimitMs = 5_000;

/** Resolves with the exit code. Throws what keeps the monitor from starting. */
export async function flower({ common, options }: Args, output: Output): Promise<number> {
  const { loglevel, logfile: file } = options;
  let finish = (): void => {};
  const stopped = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const warm = (signal: StopSignal) => {
    // The terminal has written ^C into the line.
    if (output.isReadable && signal === "SIGINT") output.print("");
    finish();
  };
  const endSignals = trapSignals({ warm, cold: (signal) => process.exit(signalExitCode[signal]) });
  try {
    const brokerKnown = common.broker !== null || isInEnvironment("CELERY_BROKER_URL");
    const { app, runtime } = await loadAppOrNone(common.app, process.cwd(), brokerKnown);
    refuseMemory(runtime.settings.brokerUrl, "its workers are in that process");
    // Other commands need none of it.
    const { createMonitor, readMonitorOptions, resolveMonitorOptions } = await import("@celeriac/flower");
    const place: LogPlace = { level: common.debug ? "debug" : loglevel, file };
    let log: Logger = await openLog(output, place);
    const given = await readMonitorOptions({ flags: flagsOf(options), folder: process.cwd(), logger: latestLogger(() => log) });
    const resolved = resolveMonitorOptions(given);
    log = await openLog(output, { ...place, ...placeOf(resolved, common.debug) });
    runtime.setLogger(log);
    if (resolved.logRotateMode === "time") log.warn(noRotationByTime);
    const { openDagRuns } = await import("@celeriac/airflow-bridge/dag-runs");
    const monitor = createMonitor(app, given, { logger: quietStart(log, output), dagRuns: openDagRuns(runtime) });
    await Promise.race([monitor.start().then(() => tell(monitor, output)), stopped]);
    await stopped;
    await monitor.stop();
    await Promise.race([app.close(), systemClock.sleep(closeLimitMs)]);
    return exitCode.done;
  } finally {
    endSignals();
  }
}

function flagsOf(options: Args["options"]): MonitorOptions {
  return Object.fromEntries(monitorFlagNames.map((name) => [name, options[name]])) as MonitorOptions;
}

const noRotationByTime = "log_rotate_mode=time is not kept: the log's file is renamed when it has grown to log_file_max_size";

/** What Flower's own options say of the log; they win over ours. */
function placeOf(options: ResolvedMonitorOptions, isDebugging: boolean): Partial<LogPlace> {
  const { debug, logging, logToStderr, logFilePrefix, logFileMaxSize: maxBytes, logFileNumBackups: backups } = options;
  const level: LogLevel | null = isDebugging || debug ? "debug" : logging;
  return {
    ...(level === null ? {} : { level }),
    ...(logFilePrefix === null ? {} : { file: logFilePrefix, rotation: { maxBytes, backups } }),
    ...(logToStderr === null ? {} : { prints: logToStderr ? ("error" as const) : ("nothing" as const) }),
  };
}

/** On a terminal what a start says is told once, for people. */
function quietStart(log: Logger, output: Output): Logger {
  if (!output.isReadable) return log;
  return { ...log, info: (message, fields) => (message === "monitor-ready" ? undefined : log.info(message, fields)) };
}

function tell({ url, posture }: Monitor, output: Output): void {
  if (!output.isReadable || url === null) return;
  const { colors } = output;
  output.print(
    ["", `  ${colors.bold(colors.green("celeriac flower"))}  ${colors.bold(url)}`, `  ${openness[posture ?? "closed"]}`, ""].join("\n"),
  );
}

const openness = {
  open: "Open to whoever reaches it: no login is configured, and everything can be changed.",
  login: "Open to those who log in.",
  closed: "Open to this machine alone, to look on: no login is configured.",
} as const;
