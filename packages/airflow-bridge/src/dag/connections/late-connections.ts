/** The connections in an app's store for `dag.test()`, which needs none: it is opened when somebody asks for what the environment does not have. */
import type { AppRuntime } from "@celeriac/core/runtime";
import { type DagSettings, dagStoreUrl } from "../config.ts";
import { openStoreAt } from "../store/app-store.ts";
import { isStoreThere } from "../store/open-store.ts";
import type { DagStore } from "../store/store.ts";
import { type StoredConnections, storedConnections } from "./connection-reader.ts";

export interface LateConnections extends StoredConnections {
  close(): Promise<void>;
}

/** Whoever makes it closes it. A file that is not there is not made. */
export function lateConnections(runtime: AppRuntime, settings: DagSettings): LateConnections {
  const url = dagStoreUrl(settings, runtime.settings.brokerUrl);
  let opening: Promise<DagStore> | null = null;
  const stored = async (): Promise<StoredConnections | null> => {
    if (opening === null && !isStoreThere(url)) return null;
    opening ??= openStoreAt(url, runtime, settings);
    return storedConnections(await opening);
  };
  return {
    connection: async (id) => (await (await stored())?.connection(id)) ?? null,
    variable: async (key) => (await (await stored())?.variable(key)) ?? null,
    close: async () => (await opening)?.close(),
  };
}
