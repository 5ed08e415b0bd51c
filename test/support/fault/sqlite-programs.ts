/** Processes on a SQLite file. */
import { programPath } from "../built.ts";
import { type PrivateProcess, startPrivateProcess } from "../private-process.ts";

export interface ProgramOptions {
  readonly mode: "hold" | "begin" | "work" | "produce" | "settle-later" | "block-claims" | "block-produce";
  readonly url: string;
  readonly queue: string;
  readonly count?: number;
}

/** Whoever starts it stops it. */
export function startProgram({ mode, url, queue, count = 10 }: ProgramOptions): PrivateProcess {
  const args = [programPath("sqlite-client"), mode, url, queue, String(count)];
  return startPrivateProcess({ command: process.execPath, args, cwd: process.cwd() });
}

/** The lines it wrote that start with `word`, without that word. */
export function lines(program: PrivateProcess, word: string): readonly string[] {
  return program
    .output()
    .split("\n")
    .filter((line) => line.startsWith(`${word} `))
    .map((line) => line.slice(word.length + 1));
}
