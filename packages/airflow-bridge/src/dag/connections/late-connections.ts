/** The connections in an app's store for `dag.test()`, which needs none: it is opened when somebody asks for what the environment does not have. */
import type { AppRuntime } from "@celeriac/core/runtime";
import { openStoreAt } from "../app-store.ts";
import { type DagSettings, dagStoreUrl } from "../config.ts";
import { isStoreThere } from "../open-store.ts";
import type { DagStore } from "../store.ts";
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
