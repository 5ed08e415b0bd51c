/** Which queues a worker consumes: what it was told, else what the app names, less what it is to leave out. */
import { type AppRuntime, type Broker, ConfigError, directQueue, type Logger } from "@celeriac/core/runtime";
import type { ResolvedOptions } from "./options.ts";

/** Throws CONFIG_QUEUE for one that may not be made, and where none is left. */
export function queuesOf(
  { queues: told, excludeQueues }: Pick<ResolvedOptions, "queues" | "excludeQueues">,
  { queues: table, settings }: Pick<AppRuntime, "queues" | "settings">,
  hostname: string,
): readonly string[] {
  const named = (told.length === 0 ? table.names : told).filter((queue) => !excludeQueues.includes(queue));
  const queues = [...new Set([...named, ...(settings.workerDirect ? [directQueue(hostname)] : [])])];
  if (queues.length === 0) throw new ConfigError("CONFIG_QUEUE", "No queue is left to consume: excludeQueues takes out all that are named");
  for (const queue of queues) table.require(queue);
  return queues;
}

/** Deletes what waits in them, before anything is consumed; once, however often the broker is tried. */
export function createPurge(isAsked: boolean, queues: readonly string[], logger: Logger): (broker: Broker) => Promise<void> {
  let isDone = !isAsked;
  return async (broker) => {
    if (isDone) return;
    const deleted = await Promise.all(queues.map(async (queue) => [queue, await broker.queues.purge(queue)] as const));
    isDone = true;
    logger.warn("queues were purged", { deleted: Object.fromEntries(deleted) });
  };
}
