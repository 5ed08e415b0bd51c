/** Where a command writes: results on stdout, errors and remarks on stderr, as text for people or as JSON. */
import { CeleriacError, errorTable, reasonOf, redactText } from "@celeriac/core/runtime";
import picocolors from "picocolors";

export type Colors = ReturnType<typeof picocolors.createColors>;

export interface OutputOptions {
  readonly json: boolean;
  readonly text: boolean;
  readonly quiet: boolean;
  readonly noColor: boolean;
  readonly debug: boolean;
}

export type Stream = Pick<NodeJS.WriteStream, "write"> & { readonly isTTY?: boolean; readonly columns?: number };

export interface Output {
  readonly json: boolean;
  readonly quiet: boolean;
  /** stdout is read by a person: it is a terminal, or --text says so; never with --json */
  readonly isReadable: boolean;
  readonly columns: number;
  readonly colors: Colors;
  /** Lines for stdout. */
  print(text: string): void;
  /** Lines for stderr. */
  printError(text: string): void;
  /** What was asked for: `text` for people, `json` for programs. */
  result(text: string, json: unknown): void;
  /** A remark for people, on stderr; nothing with --json or --quiet. */
  remark(text: string): void;
  /** The error in one line, what to do in another, on stderr. `remedy` replaces the one that the table of errors has for its code; null: none. */
  error(error: unknown, remedy?: string | null): void;
}

const defaultColumns = 80;
const unlimitedColumns = 10_000;

export function createOutput(stdout: Stream, stderr: Stream, options: OutputOptions, environment: NodeJS.ProcessEnv): Output {
  const { json, quiet, debug } = options;
  const allowed = !options.noColor && !environment["NO_COLOR"] && environment["TERM"] !== "dumb";
  const colored = (stream: Stream) => !json && allowed && (stream.isTTY === true || Boolean(environment["FORCE_COLOR"]));
  const errorColors = picocolors.createColors(colored(stderr));
  return {
    json,
    quiet,
    isReadable: !json && (stdout.isTTY === true || options.text),
    get columns() {
      return stdout.columns ?? columnsWithout(stdout, environment);
    },
    colors: picocolors.createColors(colored(stdout)),
    print: (text) => void stdout.write(withEnd(text)),
    printError: (text) => void stderr.write(withEnd(text)),
    result: (text, value) => void stdout.write(`${json ? JSON.stringify(value) : text}\n`),
    remark(text) {
      if (!json && !quiet) stderr.write(`${errorColors.dim(text)}\n`);
    },
    error(error, remedy = remedyOf(error)) {
      stderr.write(json ? `${JSON.stringify(errorJson(error, remedy, debug))}\n` : errorText(error, remedy, errorColors, debug));
    },
  };
}

/** Where no terminal says how wide it is, whoever set COLUMNS does. */
function columnsWithout(stdout: Stream, environment: NodeJS.ProcessEnv): number {
  const said = Number(environment["COLUMNS"]);
  if (Number.isInteger(said) && said > 0) return said;
  return stdout.isTTY === true ? defaultColumns : unlimitedColumns;
}

/** A publish that was refused for a reason of its own is mended where that reason is. */
function remedyOf(error: unknown): string | null {
  if (!CeleriacError.is(error)) return null;
  const { code, cause } = error;
  return errorTable[code === "PUBLISH_REJECTED" && CeleriacError.is(cause) ? cause.code : code][1];
}

function errorText(error: unknown, remedy: string | null, colors: Colors, debug: boolean): string {
  const code = CeleriacError.is(error) ? error.code : null;
  const message = redactText(reasonOf(error)).split("\n").join("\n  ");
  const stack = debug ? stackOf(error) : null;
  return [
    `${colors.bold(colors.red(code === null ? "error" : `error ${code}`))}: ${message}`,
    ...(remedy === null ? [] : [colors.dim(`  ${remedy}`)]),
    ...(stack === null ? [] : [colors.dim(stack)]),
    "",
  ].join("\n");
}

function errorJson(error: unknown, remedy: string | null, debug: boolean): object {
  const code = CeleriacError.is(error) ? error.code : null;
  const stack = debug ? stackOf(error) : null;
  return {
    error: {
      code,
      message: redactText(reasonOf(error)),
      ...(remedy === null ? {} : { remedy }),
      ...(stack === null ? {} : { stack }),
    },
  };
}

/** The stack, and those of what caused it. */
function stackOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const own = redactText(error.stack ?? `${error.name}: ${error.message}`);
  const cause = stackOf(error.cause);
  return cause === null ? own : `${own}\nCaused by ${cause}`;
}

function withEnd(text: string): string {
  return text.endsWith("\n") ? text : `${text}\n`;
}
