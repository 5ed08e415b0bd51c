/** Settings of remote control: rows of the table in config.ts. */
import type { Duration } from "../duration.ts";
import { durationSetting, flagSetting, textSetting } from "../setting.ts";

export const controlSettings = {
  workerEnableRemoteControl: flagSetting(true, "Workers take and answer commands of remote control: ping, inspect, revoke and all others."),
  controlExchange: textSetting(
    "celery",
    "Remote control goes through the exchange of this name with .pidbox behind it; answers through reply.<name>.pidbox.",
  ),
  controlQueueTtl: durationSetting<Duration | null>(
    "300s",
    "RabbitMQ: how long a command waits for its worker, and an answer for whoever asked; null = for ever.",
    { nullable: true },
  ),
  controlQueueExpires: durationSetting<Duration | null>(
    "10s",
    "RabbitMQ: after how long unused the queue of either is deleted; null = never.",
    {
      nullable: true,
    },
  ),
} as const;
