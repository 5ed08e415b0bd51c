/** What a scheduler needs of the settings of DAGs, with waits in ms. */
import { durationMs } from "@celeriac/core/runtime";
import type { DagSettings } from "../config.ts";

export interface RoundSettings {
  /** instances that one transaction queues */
  readonly queueAtOnce: number;
  readonly heartbeatMs: number;
  /** A scheduler that is silent for so long is dead. */
  readonly deadAfterMs: number;
  /** A running instance that is silent for so long is dead. */
  readonly silentAfterMs: number;
  readonly queuedTimeoutMs: number;
  readonly maxXcomBytes: number;
  readonly maxMapLength: number;
}

export interface SchedulerSettings extends RoundSettings {
  /** between two rounds, where nothing happens */
  readonly idleMs: number;
}

/** Throws CONFIG_DURATION. */
export function schedulerSettings(settings: DagSettings): SchedulerSettings {
  return {
    idleMs: durationMs(settings.schedulerIdleSleepTime),
    queueAtOnce: settings.maxTisPerQuery,
    heartbeatMs: durationMs(settings.schedulerHeartbeatSec),
    deadAfterMs: durationMs(settings.schedulerHealthCheckThreshold),
    silentAfterMs: durationMs(settings.taskInstanceHeartbeatTimeout),
    queuedTimeoutMs: durationMs(settings.taskQueuedTimeout),
    maxXcomBytes: settings.maxXcomBytes,
    maxMapLength: settings.maxMapLength,
  };
}
