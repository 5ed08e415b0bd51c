/** A terminal taken over for a picture that changes: the other screen, single keys, and everything as it was in the end. */
import type { ReadStream, WriteStream } from "node:tty";

export interface Terminal {
  readonly columns: number;
  readonly rows: number;
  /** Writes the lines over those that are there. */
  draw(lines: readonly string[]): void;
  close(): void;
}

export interface TerminalListener {
  /** "q", "up", "enter" … */
  key(name: string): void;
  resized(): void;
}

// The other screen, without a cursor, and without going on below where a line is too long.
const enter = "\u001b[?1049h\u001b[?25l\u001b[?7l";
const leave = "\u001b[?7h\u001b[?25h\u001b[?1049l";
const home = "\u001b[H";
const restOfLine = "\u001b[K";
const restOfScreen = "\u001b[J";
const names: Readonly<Record<string, string>> = {
  "\u001b[A": "up",
  "\u001bOA": "up",
  "\u001b[B": "down",
  "\u001bOB": "down",
  "\r": "enter",
  "\n": "enter",
  "\u001b": "escape",
  "\u0003": "interrupt",
};

/** Several may come at once. */
export function keysOf(text: string): readonly string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what keys send
  return (text.match(/\u001b(?:\[[0-9;]*[A-Za-z~]|O[A-Z])?|[^\u001b]/gu) ?? []).map((each) => names[each] ?? each);
}

export function openTerminal(input: ReadStream, output: WriteStream, listener: TerminalListener): Terminal {
  const pressed = (bytes: Buffer) => {
    for (const key of keysOf(bytes.toString())) listener.key(key);
  };
  const resized = () => listener.resized();
  input.setRawMode(true);
  input.on("data", pressed);
  input.resume();
  output.on("resize", resized);
  output.write(enter);
  let isOpen = true;
  return {
    get columns() {
      return output.columns;
    },
    get rows() {
      return output.rows;
    },
    draw(lines) {
      if (isOpen) output.write(`${home}${lines.map((line) => `${line}${restOfLine}`).join("\r\n")}${restOfScreen}`);
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      output.off("resize", resized);
      input.off("data", pressed);
      input.setRawMode(false);
      input.pause();
      output.write(leave);
    },
  };
}
