/** `celeriac dev`: keeps a worker running in a process of its own, and starts it anew when the project's code changes. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { redactUrl, systemClock } from "@celeriac/core/runtime";
import { globalOptions } from "../command-options.ts";
import { type CommandArguments, commandTable } from "../command-table.ts";
import { exitCode, type StopSignal } from "../exit-code.ts";
import { appPath } from "../load-app.ts";
import { wordsOf } from "../option.ts";
import type { Output } from "../output.ts";
import { projectFolder, watchProject } from "../project-watch.ts";
import { trapSignals } from "../signals.ts";

const launcher = fileURLToPath(new URL("../../bin/celeriac.js", import.meta.url));

/** A password has no place among a process's arguments; the worker inherits the URL in its environment as well. */
function withoutSecret(url: string | null): string | null {
  return url === null || redactUrl(url) !== url ? null : url;
}

/** Resolves with the exit code of the last worker. Throws APP_NOT_FOUND when there is no module to watch. */
export async function dev(args: CommandArguments<"dev">, output: Output): Promise<number> {
  const root = projectFolder(appPath(args.common.app, process.cwd()));
  const { broker, resultBackend } = args.common;
  const common = { ...args.common, broker: withoutSecret(broker), resultBackend: withoutSecret(resultBackend) };
  const words = [...wordsOf(globalOptions, common), "worker", ...wordsOf(commandTable.dev.options, { ...args.options })];
  let child: ChildProcess | null = null;
  let isStopping = false;
  let isStale = false;

  return await new Promise<number>((finish) => {
    const watch = watchProject(root, systemClock, (path) => {
      if (isStale || isStopping) return;
      output.remark(`\n${path} changed: the worker starts anew`);
      if (child === null) return start(["--no-banner"]);
      child.kill("SIGTERM");
      isStale = true;
    });
    const endSignals = trapSignals({ warm: stop, cold: stop });

    function stop(signal: StopSignal): void {
      isStopping = true;
      if (child === null) end(exitCode.done);
      else child.kill(signal);
    }

    /** In a session of its own, so that Ctrl-C reaches it once, through us; the channel ends it when we are killed. */
    function start(more: readonly string[]): void {
      const node = [...process.execArgv, launcher, ...words, ...more];
      const started = spawn(process.execPath, node, { stdio: ["ignore", "inherit", "inherit", "ipc"], detached: true });
      child = started;
      isStale = false;
      started.once("exit", (code) => {
        child = null;
        if (isStopping) end(code ?? exitCode.failed);
        else if (isStale) start(["--no-banner"]);
        else output.remark("The worker has ended; it starts anew when a file changes. Ctrl-C ends this.");
      });
    }

    function end(code: number): void {
      watch.close();
      endSignals();
      finish(code);
    }

    start(["--hint"]);
  });
}
