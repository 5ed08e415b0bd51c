/** `celeriac worker`: runs the app's worker until a signal stops it. */
import type { Beat } from "@celeriac/beat";
import type { Logger } from "@celeriac/core/runtime";
import { type ResolvedOptions, workerOptionTable } from "@celeriac/worker";
import { callHint } from "../call-hint.ts";
import type { CommandArguments } from "../command-table.ts";
import { type LoadedApp, loadApp } from "../load-app.ts";
import type { Output } from "../output.ts";
import { runWorker } from "../run-worker.ts";
import { workerWithBeat } from "../worker-with-beat.ts";

type Flags = CommandArguments<"worker">["options"];

/** Resolves with the exit code. Throws what keeps the worker from starting. */
export async function worker({ common, options: flags }: CommandArguments<"worker">, output: Output): Promise<number> {
  return await runWorker(
    {
      async load() {
        const loaded = await loadApp(common.app, process.cwd());
        const { loglevel: logLevel, logfile: logFile, pidfile: pidFile, noBanner } = flags;
        const hint = flags.hint ? callHint(loaded.runtime.registry, common, output.colors) : null;
        const rest = { logLevel, logFile, pidFile, noBanner, hint, coldEnd: "ended and handed back" } as const;
        return { loaded, options: workerOptionsOf(flags), ...rest };
      },
      beside: async (prepared, loaded, logger) => (flags.beat ? workerWithBeat(prepared, await openBeat(loaded, logger)) : prepared),
    },
    output,
  );
}

/** A worker alone needs nothing of it. */
async function openBeat({ app }: LoadedApp, logger: Logger): Promise<Beat> {
  const { createBeat } = await import("@celeriac/beat");
  return createBeat(app, {}, { logger, isEmbedded: true });
}

/** Those of the flags that the worker has itself, and what others mean for them. */
function workerOptionsOf(flags: Flags): ResolvedOptions {
  const own = Object.fromEntries(Object.keys(workerOptionTable).map((name) => [name, flags[name as keyof ResolvedOptions]]));
  return {
    ...(own as ResolvedOptions),
    purge: flags.purge || flags.discard,
    prefetchMultiplier: flags.disablePrefetch ? 1 : flags.prefetchMultiplier,
    heartbeatInterval: flags.withoutHeartbeat ? null : flags.heartbeatInterval,
  };
}
