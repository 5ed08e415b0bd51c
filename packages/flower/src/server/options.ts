/** What a monitor takes: one table, from which come types, validation, flags, `FLOWER_*` and the reference page; its rows lie by subject in `options/`. Names are Flower's. */
import { resolveSettings, type SettingsOf } from "@celeriac/core/runtime";
import { inEnvironment, textOrNone, yesOrNo } from "./option-kinds.ts";
import { accessOptions } from "./options/access.ts";
import { keepingOptions } from "./options/keeping.ts";
import { listeningOptions } from "./options/listening.ts";
import { loggingOptions } from "./options/logging.ts";
import { pageOptions } from "./options/page.ts";
import { watchingOptions } from "./options/watching.ts";

export const monitorOptionTable = inEnvironment({
  ...listeningOptions,
  ...watchingOptions,
  ...keepingOptions,
  ...pageOptions,
  ...accessOptions,
  ...loggingOptions,
  conf: textOrNone(
    "File that says what neither flags nor variables say: JSON, or a module whose default export, or exports, are options. Unset: flowerconfig.json, .ts or .js of the working folder, if there is one.",
  ),
  debug: yesOrNo(false, "Write the log at level debug."),
} as const);

type Values = SettingsOf<typeof monitorOptionTable>;
/** Options of createMonitor: any of the table. */
export type MonitorOptions = { readonly [K in keyof Values]?: Values[K] | undefined };
export type ResolvedMonitorOptions = Values;

/** Throws CONFIG_UNKNOWN, CONFIG_INVALID. */
export function resolveMonitorOptions(given: MonitorOptions): ResolvedMonitorOptions {
  return resolveSettings(monitorOptionTable, given);
}
