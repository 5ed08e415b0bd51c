/** Structured logs through pino, with secrets redacted. Message text is constant; values are fields. */
import { redact, redactText } from "./redact.ts";

export interface Logger {
  debug(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
}

export const logLevels = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

/** A logger whose least level can be changed. */
export interface LeveledLogger extends Logger {
  setLevel(level: LogLevel): void;
}

/** Where lines of JSON go: a stream's `write`. */
export interface LogSink {
  write(line: string): void;
}

const celeryLevels: Readonly<Record<string, LogLevel>> = { warning: "warn", critical: "error", fatal: "error" };

/** Under our names and Celery's, however they are written; undefined for what is none. */
export function readLogLevel(name: string): LogLevel | undefined {
  const level = name.toLowerCase();
  return logLevels.find((each) => each === level) ?? (Object.hasOwn(celeryLevels, level) ? celeryLevels[level] : undefined);
}

/** A logger of JSON lines. `base` fields are on every line. */
export async function createLogger(options: {
  readonly level: LogLevel;
  readonly sink: LogSink;
  readonly base?: object;
}): Promise<LeveledLogger> {
  // Only a worker's main process writes lines: neither producers nor executors pay for the library.
  const { pino } = await import("pino");
  const out = pino(
    {
      level: options.level,
      base: redact({ ...options.base }) as object,
      formatters: { level: (label) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    options.sink,
  );
  const line = (level: "debug" | "info" | "warn" | "error") => (message: string, fields?: object) => {
    if (!out.isLevelEnabled(level)) return;
    if (fields === undefined) out[level](redactText(message));
    else out[level](redact(fields) as object, redactText(message));
  };
  return Object.freeze({
    ...{ debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") },
    setLevel(level: LogLevel) {
      out.level = level;
    },
  });
}

/** The same logger with `fields` on every line. */
export function withFields(logger: Logger, fields: object): Logger {
  const line = (level: keyof Logger) => (message: string, more?: object) => logger[level](message, { ...fields, ...more });
  return Object.freeze({ debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") });
}

/** Says everything to whichever logger there is by then: for those who are given one before it is known. */
export function latestLogger(latest: () => Logger): Logger {
  const line = (level: keyof Logger) => (message: string, fields?: object) => latest()[level](message, fields);
  return Object.freeze({ debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") });
}

/** Says nothing: the default of a producer, which should not write into its host's output. */
export const silentLogger: Logger = Object.freeze({ debug() {}, info() {}, warn() {}, error() {} });
