/** A task that waits until something is there. */
import { type Duration, durationMs, isDuration, isFlag, type OptionCheck } from "@celeriac/core/runtime";
import type { NodeOptions } from "../definition/node-options.ts";
import type { Work } from "../model.ts";
import { withWork } from "../runner/current-work.ts";
import type { RunContext } from "../runner/run-context.ts";

export interface SensorOptions extends NodeOptions {
  /** poke, the default, holds its slot; reschedule gives it back between two looks; defer holds none while it waits */
  mode?: "poke" | "reschedule" | "defer";
  /** between two looks; 60 s */
  interval?: Duration;
  /** from the first look on, over all tries; 7 days */
  timeout?: Duration;
  /** skipped instead of failed when it took too long, or `throw run.fail(reason)` */
  softFail?: boolean;
}

export const sensorChecks: Readonly<Record<Exclude<keyof SensorOptions, keyof NodeOptions>, OptionCheck>> = {
  mode: (value) => value === "poke" || value === "reschedule" || value === "defer",
  interval: isDuration,
  timeout: isDuration,
  softFail: isFlag,
};

export function sensorWork(
  { mode = "poke", interval = 60, timeout = "7d", softFail = false }: SensorOptions,
  poke: (run: RunContext) => unknown,
): Work {
  return {
    kind: "wait",
    mode,
    intervalMs: durationMs(interval),
    timeoutMs: durationMs(timeout),
    softFail,
    poke: async (context) => await withWork(context, () => poke(context)),
  };
}
