/** What a worker tells monitors: of itself (`presence.ts`), and, where it is turned on, of its tasks (`event-switch.ts`), through one dispatcher. */
import { type AppRuntime, type Broker, createEventDispatcher, durationMs, type Logger } from "@celeriac/core/runtime";
import { createEventSwitch, type EventSwitch } from "./event-switch.ts";
import type { ResolvedOptions } from "./options.ts";
import type { Pool } from "./pool.ts";
import { createPresence, type Presence } from "./presence.ts";
import type { Teller } from "./telling.ts";

export interface WorkerEventsParts {
  readonly runtime: AppRuntime;
  readonly broker: Broker;
  readonly hostname: string;
  readonly options: Pick<ResolvedOptions, "taskEvents" | "heartbeatInterval">;
  readonly pool: Pick<Pool, "stats">;
  readonly teller: Pick<Teller, "counts">;
  readonly logger: Logger;
}

export interface WorkerEvents {
  readonly events: EventSwitch;
  readonly presence: Presence;
}

export function createWorkerEvents({ runtime, broker, hostname, options, pool, teller, logger }: WorkerEventsParts): WorkerEvents {
  const { clock, lamport, settings, signals } = runtime;
  const dispatcher = createEventDispatcher({ broker, clock, lamport, settings, logger, hostname, groups: true });
  const events = createEventSwitch(dispatcher, options.taskEvents ?? settings.workerSendTaskEvents);
  const presence = createPresence({
    dispatcher,
    clock,
    load() {
      const active = pool.stats().executors.reduce((sum, { running }) => sum + running.length, 0);
      return { active, processed: teller.counts()["task-received"] };
    },
    beatMs: durationMs(options.heartbeatInterval ?? 0),
    beaten: () => signals.send("heartbeatSent", () => ({ hostname })),
  });
  return { events, presence };
}
