/** Settings of results and of the coordinator: rows of the table in config.ts. */
import type { Duration } from "../duration.ts";
import { resultSerializerNames } from "../result-form.ts";
import { choiceSetting, durationSetting, flagSetting, textSetting } from "../setting.ts";
import { tlsSetting } from "../tls.ts";
import { transportSetting } from "../transport-options.ts";
import { resultContentSetting } from "./content.ts";

export const resultSettings = {
  resultBackend: textSetting(
    null,
    "Where results are kept: redis://, rediss://, sentinel://, redis+cluster://, rpc://, sqlite://, db+postgresql://, db+sqlite://, memory:// or disabled. Unset: with the broker on SQLite, Redis and memory://, rpc:// on RabbitMQ.",
    { env: "CELERY_RESULT_BACKEND", secret: true },
  ),
  redisBackendUseSsl: tlsSetting("As brokerUseSsl, for results on a Redis that resultBackend names; unnamed, it is reached as the broker."),
  resultBackendTransportOptions: transportSetting("As brokerTransportOptions, for results that resultBackend places elsewhere."),
  resultExpires: durationSetting<Duration | null>("1d", "How long a result is kept; null and 0 keep it for ever.", { nullable: true }),
  chordTimeout: durationSetting<Duration | null>(
    "1h",
    "A chord has failed when for so long no member of it ended, ran, or left a state of its own: give it more than members may wait in a queue. null waits for ever.",
    { nullable: true },
  ),
  resultChordRetryInterval: durationSetting<Duration>(
    "1s",
    "How long celery.chord_unlock, which comes from Python senders whose result backend counts no chords, waits before it asks again.",
  ),
  celeryTables: flagSetting(
    false,
    "db+postgresql://: write state and errors of each task into Celery's own celery_taskmeta as well, for programs that look there; values stay NULL, and it is never read.",
  ),
  resultPersistent: flagSetting(false, "rpc://: results that wait for their caller survive a restart of RabbitMQ."),
  resultExtended: flagSetting(false, "Write name, arguments, worker and queue into each result, as Celery does."),
  resultSerializer: choiceSetting(resultSerializerNames, "json", "How results are written where Python reads them, on Redis and rpc://."),
  resultAcceptContent: resultContentSetting("What results are read as on Redis and rpc://; null is what acceptContent says."),
  coordinator: textSetting(
    null,
    "Where leases and reservations are kept; unset: with the broker, else with the results. redis://, rediss://, sentinel://, redis+cluster://, sqlite://, db+postgresql:// or memory://.",
    {
      env: "CELERIAC_COORDINATOR",
      secret: true,
    },
  ),
} as const;
