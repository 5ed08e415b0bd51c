/** Starts processes on a SQLite file and ends them all after each test. */
import { fileURLToPath } from "node:url";
import { afterEach } from "vitest";
import { sourceArguments } from "../celeriac-command.ts";
import { type PrivateProcess, startPrivateProcess } from "../private-process.ts";

const path = fileURLToPath(new URL("../sqlite-program.ts", import.meta.url));
const running: PrivateProcess[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((program) => program.stop({ signal: "SIGKILL" })));
});

export interface ProgramOptions {
  readonly mode: "hold" | "begin" | "work" | "produce" | "settle-later" | "block-claims" | "block-produce";
  readonly url: string;
  readonly queue: string;
  readonly count?: number;
}

export function startProgram({ mode, url, queue, count = 10 }: ProgramOptions): PrivateProcess {
  const args = [...sourceArguments, path, mode, url, queue, String(count)];
  const program = startPrivateProcess({ command: process.execPath, args, cwd: process.cwd() });
  running.push(program);
  return program;
}

/** The lines it wrote that start with `word`, without that word. */
export function lines(program: PrivateProcess, word: string): readonly string[] {
  return program
    .output()
    .split("\n")
    .filter((line) => line.startsWith(`${word} `))
    .map((line) => line.slice(word.length + 1));
}
