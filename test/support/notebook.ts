/** A logger that keeps what it is told. */
import type { Logger } from "../../packages/core/src/logger.ts";

export interface Line {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface Notebook {
  readonly logger: Logger;
  readonly lines: readonly Line[];
}

export function createNotebook(): Notebook {
  const lines: Line[] = [];
  const note =
    (level: Line["level"]) =>
    (message: string, fields: object = {}) =>
      void lines.push({ level, message, fields: { ...fields } });
  return { logger: { debug: note("debug"), info: note("info"), warn: note("warn"), error: note("error") }, lines };
}
