/** The store of an app's DAGs, as settings and environment say, for whoever needs it in a process that has loaded the app. */
import type { AppRuntime } from "@celeriac/core/runtime";
import { type DagSettings, dagSettings, dagStoreUrl } from "../config.ts";
import { createFernet } from "../connections/fernet.ts";
import { sealedStore } from "../connections/sealed-store.ts";
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
  return { store: await openStoreAt(url, runtime, settings), url, settings };
}

/** What of an app its store is opened with. */
export type StoreOwner = Pick<AppRuntime, "clock" | "logger" | "settings" | "credentialsFor">;

/** The same, where somebody has read the settings and knows the place. Throws CONFIG_URL, CONFIG_INVALID. */
export async function openStoreAt(
  url: string,
  { clock, logger, settings: { durability }, credentialsFor }: StoreOwner,
  { defaultPoolTaskSlotCount: defaultPoolSlots, fernetKey }: Pick<DagSettings, "defaultPoolTaskSlotCount" | "fernetKey">,
): Promise<DagStore> {
  const fernet = fernetKey === null ? null : createFernet(fernetKey, clock);
  const store = await openDagStore(url, { clock, logger, durability, credentials: credentialsFor("dagStore"), defaultPoolSlots });
  return sealedStore(store, fernet);
}
