/** The log of a command that runs until it is stopped: JSON lines, unless a person reads them. */
import { createLogger, type LeveledLogger, type LogLevel } from "@celeriac/core/runtime";
import { openLogFile, type Rotation } from "./log-file.ts";
import type { Output } from "./output.ts";
import { readableLine } from "./readable-log.ts";

export interface LogPlace {
  readonly level: LogLevel;
  /** path of the file that it is appended to; null: none */
  readonly file: string | null;
  /** Unset: the file grows for ever. */
  readonly rotation?: Rotation;
  /** Unset: it is printed where there is no file. */
  readonly prints?: "out" | "error" | "nothing";
}

/** Throws WORKER_STARTUP when the file cannot be written. */
export function openLog(output: Output, place: LogPlace): Promise<LeveledLogger> {
  const { level, file, rotation, prints = file === null ? "out" : "nothing" } = place;
  const toFile = file === null ? null : openLogFile(file, rotation);
  const toOutput = prints === "nothing" ? null : printing(output, prints);
  const write = (line: string) => {
    toFile?.(line);
    toOutput?.(line);
  };
  return createLogger({ level: toFile === null && output.quiet ? quietest(level) : level, sink: { write } });
}

function quietest(level: LogLevel): LogLevel {
  return level === "silent" ? level : "error";
}

function printing(output: Output, prints: "out" | "error"): (line: string) => void {
  const print = prints === "out" ? output.print : output.printError;
  const look = { colors: output.colors, columns: () => output.columns };
  return output.isReadable ? (line) => print(readableLine(line, look)) : print;
}
