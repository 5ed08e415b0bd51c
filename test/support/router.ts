/** Settings, and router and queues as `createApp` makes them of these settings. */
import { type Config, type Settings, settingTable } from "../../packages/core/src/config.ts";
import { createQueueTable } from "../../packages/core/src/declared-queues.ts";
import type { QueueTable } from "../../packages/core/src/queue-table.ts";
import { createRouter, type Router } from "../../packages/core/src/router.ts";
import { resolveSettings } from "../../packages/core/src/setting.ts";

export function settingsOf(config: Config = {}): Settings {
  return resolveSettings(settingTable, config);
}

export function routerOf(config: Config = {}): Router {
  return createRouter(settingsOf(config));
}

export function queuesOf(config: Config): QueueTable {
  return createQueueTable(settingsOf(config));
}
