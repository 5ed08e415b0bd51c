/** Settings of the broker and of the connection to it: rows of the table in config.ts. */
import type { Duration } from "../duration.ts";
import { choiceSetting, countSetting, durationSetting, flagSetting, textsSetting } from "../setting.ts";
import { tlsSetting } from "../tls.ts";
import { transportSetting } from "../transport-options.ts";

export const brokerSettings = {
  brokerUrl: textsSetting(
    "sqlite://./celeriac.db",
    "Where tasks wait: amqp://, amqps://, redis://, rediss://, sentinel://, redis+cluster://, sqlite:// or, for one process alone, memory://. RabbitMQ: several, as a list or with `;` between them, are nodes of one cluster, of which one is connected to; redis+cluster:// and sentinel://: several, in the same way.",
    { env: "CELERY_BROKER_URL", secret: true },
  ),
  brokerFailoverStrategy: choiceSetting(
    ["round-robin", "shuffle"],
    "round-robin",
    "RabbitMQ: in which order several URLs are tried, as listed or in any.",
  ),
  brokerHeartbeat: durationSetting<Duration | null>(
    "10s",
    "RabbitMQ: a server that is silent for two of them is taken for gone; whole seconds, null and 0 = never.",
    { nullable: true },
  ),
  brokerConnectionTimeout: durationSetting(
    "4s",
    "RabbitMQ: how long a server may be silent while a connection is opened; several URLs share it.",
  ),
  brokerLoginMethod: choiceSetting(
    ["PLAIN", "AMQPLAIN", "EXTERNAL"],
    "PLAIN",
    "RabbitMQ: how to log in. EXTERNAL: as the user that our certificate stands for.",
  ),
  longTasks: choiceSetting(
    ["hold", "connection"],
    "hold",
    "RabbitMQ: what becomes of a task that lasts. hold: its message is held apart, so that neither a lost connection nor the server's consumer_timeout makes it run twice; connection: it stays on its connection.",
  ),
  brokerConnectionMaxRetries: countSetting<number | null>(
    null,
    [0, 1_000_000],
    "How often a starting worker tries again to reach its broker before it fails; null and 0 = for ever.",
  ),
  brokerConnectionRetry: flagSetting(true, "A worker that loses its broker waits for it; false: it stops as if told to, and has failed."),
  brokerConnectionRetryOnStartup: flagSetting(
    null,
    "A starting worker waits for a broker that cannot be reached yet; false: it fails; null is what brokerConnectionRetry says.",
  ),
  brokerUseSsl: tlsSetting(
    "How connections to the broker are encrypted: true, or files and names as in Celery. Certificates are verified unless certReqs is none. amqps:// and rediss:// encrypt by themselves.",
  ),
  brokerTransportOptions: transportSetting(
    "For sentinel://: what the sentinels call the primary (masterName), and how to get into the sentinels themselves (sentinelKwargs); for the coordinator, too. For RabbitMQ: what it shows of each connection (clientProperties). Celery's others do nothing.",
  ),
} as const;
