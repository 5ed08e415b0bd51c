/** What a beat takes: one table, from which come types, validation, flags and the reference page. */
import { addressSetting, durationSetting, type SettingsOf } from "@celeriac/core/runtime";

export const beatOptionTable = {
  failover: durationSetting(
    "6s",
    "How long a leader may be silent until another beat takes its place, a sixth of it later at most; so often beat looks at what was changed, too.",
  ),
  http: addressSetting(
    "Serve /livez, /readyz and /metrics there: HOST:PORT, :PORT for every address of the machine, PORT for 127.0.0.1. Unset: nowhere.",
    { env: "CELERIAC_BEAT_HTTP" },
  ),
  grace: durationSetting("10s", "How long what is being sent may take after a stop was asked for; the next leader sends the rest."),
} as const;

/** Options of createBeat: any of the table. */
export type BeatOptions = {
  readonly [K in keyof SettingsOf<typeof beatOptionTable>]?: SettingsOf<typeof beatOptionTable>[K] | undefined;
};
export type ResolvedBeatOptions = SettingsOf<typeof beatOptionTable>;
