/** The log of a command that runs until it is stopped: JSON lines, unless a person reads them. */
import { createLogger, type LeveledLogger, type LogLevel } from "@celeriac/core/runtime";
import { openLogFile } from "./log-file.ts";
import type { Output } from "./output.ts";
import { readableLine } from "./readable-log.ts";

export interface LogPlace {
  readonly level: LogLevel;
  /** path of the file that it is appended to; null: it is printed */
  readonly file: string | null;
}

/** Throws WORKER_STARTUP when the file cannot be written. */
export function openLog(output: Output, { level, file }: LogPlace): Promise<LeveledLogger> {
  if (file !== null) return createLogger({ level, sink: { write: openLogFile(file) } });
  const look = { colors: output.colors, columns: () => output.columns };
  const write = output.isReadable ? (line: string) => output.print(readableLine(line, look)) : (line: string) => output.print(line);
  return createLogger({ level: output.quiet ? "error" : level, sink: { write } });
}
