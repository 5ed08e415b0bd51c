/** The `celeriac` command as a process in a project's folder. It is the built one, which starts in a third of the time. */
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type PrivateProcess, startPrivateProcess } from "./private-process.ts";

const launcher = fileURLToPath(new URL("../../packages/cli/bin/celeriac.js", import.meta.url));
const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
/** Arguments of Node with which it runs TypeScript. */
export const typeScriptArguments: readonly string[] = ["--import", tsx];
/** Those with which our packages run from their sources as well. */
export const sourceArguments: readonly string[] = ["--conditions=celeriac-source", ...typeScriptArguments];

export interface CommandEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** For a command that runs until it is stopped. */
export function startCeleriac(folder: string, words: readonly string[], environment: NodeJS.ProcessEnv = {}): PrivateProcess {
  const args = [launcher, ...words];
  return startPrivateProcess({ command: process.execPath, args, cwd: folder, env: { ...process.env, ...environment } });
}

/** Runs a command to its end, with `input` for what it reads. Rejects when it did not end by itself. */
export function celeriac(
  folder: string,
  words: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  input: string | null = null,
): Promise<CommandEnd> {
  const options = { cwd: folder, env: { ...process.env, ...environment }, timeout: 50_000, killSignal: "SIGKILL" } as const;
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, [launcher, ...words], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (typeof code === "number") resolve({ code, stdout, stderr });
      else reject(new Error(`celeriac ${words.join(" ")} did not end by itself:\n${stdout}${stderr}`, { cause: error }));
    });
    if (input !== null) child.stdin!.end(input);
  });
}
