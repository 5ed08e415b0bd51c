/** An error as Airflow's log viewer shows one: `error_detail`, a list of the error and of what caused it, with the frames of their stacks. */

export interface ErrorDetail {
  readonly exc_type: string;
  readonly exc_value: string;
  readonly exc_notes: readonly string[];
  readonly syntax_error: null;
  readonly is_cause: boolean;
  /** the outermost first, as Python has them */
  readonly frames: readonly { readonly filename: string; readonly lineno: number; readonly name: string }[];
  readonly is_group: false;
  readonly exceptions: readonly [];
}

const deepest = 8;
const framePattern = /^\s*at (?:(?:async )?(.+?) \()?((?:file:|node:|\/|[A-Z]:)[^()]*?):(\d+):\d+\)?$/;

/** Never throws. */
export function errorDetail(error: unknown): readonly ErrorDetail[] {
  const found: ErrorDetail[] = [];
  for (let each = error; each !== undefined && each !== null && found.length < deepest; each = causeOf(each))
    found.push(detailOf(each, found.length > 0));
  return found;
}

function detailOf(error: unknown, isCause: boolean): ErrorDetail {
  const { name, message, stack } = error instanceof Error ? error : { name: typeof error, message: textOf(error), stack: "" };
  return {
    ...{ exc_type: name, exc_value: message, exc_notes: [], syntax_error: null, is_cause: isCause },
    ...{ frames: framesOf(stack ?? ""), is_group: false, exceptions: [] },
  };
}

function framesOf(stack: string): ErrorDetail["frames"] {
  const frames = stack.split("\n").flatMap((line) => {
    const [, name = "<anonymous>", filename, lineno] = framePattern.exec(line) ?? [];
    return filename === undefined ? [] : [{ filename, lineno: Number(lineno), name }];
  });
  return frames.reverse();
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}

function textOf(value: unknown): string {
  try {
    return typeof value === "object" ? JSON.stringify(value) : String(value);
  } catch {
    return "a value that cannot be shown";
  }
}
