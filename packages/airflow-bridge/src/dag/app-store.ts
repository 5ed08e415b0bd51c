/** The store of an app's DAGs, as settings and environment say, for whoever needs it in a process that has loaded the app. */
import type { AppRuntime } from "@celeriac/core/runtime";
import { type DagSettings, dagSettings, dagStoreUrl } from "./config.ts";
import { openDagStore } from "./open-store.ts";
import type { DagStore } from "./store.ts";

export interface AppStore {
  readonly store: DagStore;
  readonly url: string;
  readonly settings: DagSettings;
}

/** Whoever opens it closes it. `given` wins over the environment. Connects nothing yet. Throws CONFIG_*. */
export async function openAppStore(runtime: AppRuntime, given: Readonly<Record<string, unknown>> = {}): Promise<AppStore> {
  const settings = dagSettings(given);
  const url = dagStoreUrl(settings, runtime.settings.brokerUrl);
  const { clock, logger } = runtime;
  const store = await openDagStore(url, {
    ...{ clock, logger, credentials: null, durability: runtime.settings.durability },
    defaultPoolSlots: settings.defaultPoolTaskSlotCount,
  });
  return { store, url, settings };
}
