/** Texts on a screen of so many columns. */
import { durationUnits } from "@celeriac/core/runtime";

/** Lines of at most `width` characters, cut at spaces; a longer word keeps a line to itself. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line === "") line = word;
    else if (line.length + 1 + word.length <= width) line += ` ${word}`;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

export interface Part {
  readonly text: string;
  readonly paint: (text: string) => string;
}

/** Parts two spaces apart on a line of `width` characters; those that do not fit go on below, `indent` spaces in. One longer than a line is cut at its spaces. */
export function fold(parts: readonly Part[], width: number, indent: number): string {
  const room = Math.max(20, width - indent);
  const pieces = parts.flatMap(({ text, paint }) =>
    text.length <= room ? [{ text, paint }] : wrap(text, room).map((line) => ({ text: line, paint })),
  );
  let folded = "";
  let used = 0;
  for (const [at, { text, paint }] of pieces.entries()) {
    const shown = paint(at === pieces.length - 1 ? text.trimEnd() : text);
    const fits = used === 0 || used + 2 + text.trimEnd().length <= width;
    const gap = used === 0 ? "" : fits ? "  " : `\n${" ".repeat(indent)}`;
    folded += gap + shown;
    used = (fits ? used + gap.length : indent) + text.length;
  }
  return folded;
}

/** "1 task", "3 tasks", "2 processes"; with `upTo` "1 to 4 tasks" */
export function counted(count: number, noun: string, upTo = ""): string {
  const ending = noun.endsWith("s") ? "es" : "s";
  return `${count}${upTo} ${noun}${count === 1 && upTo === "" ? "" : ending}`;
}

const units = durationUnits.filter(([unit]) => unit !== "ms");

/** "350ms", "12s", "3m 5s", "2d 4h" */
export function age(durationMs: number): string {
  const at = units.findIndex(([, unitMs]) => durationMs >= unitMs);
  if (at < 0) return `${Math.round(durationMs)}ms`;
  const [unit, unitMs] = units[at]!;
  const [nextUnit, nextMs] = units[at + 1] ?? ["", Number.POSITIVE_INFINITY];
  const rest = Math.floor((durationMs % unitMs) / nextMs);
  return `${Math.floor(durationMs / unitMs)}${unit}${rest === 0 ? "" : ` ${rest}${nextUnit}`}`;
}
