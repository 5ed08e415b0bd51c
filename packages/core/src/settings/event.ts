/** Settings of events: rows of the table in config.ts. */
import type { Duration } from "../duration.ts";
import { serializerNames } from "../serializer.ts";
import { choiceSetting, durationSetting, flagSetting, textSetting } from "../setting.ts";

export const eventSettings = {
  taskSendSentEvent: flagSetting(false, "Whoever sends a task tells monitors so, with the event task-sent."),
  eventExchange: textSetting("celeryev", "Exchange of events."),
  eventQueuePrefix: textSetting("celeryev", "RabbitMQ: how the queues of those who receive events begin; a dot and a UUID follow."),
  eventQueueTtl: durationSetting<Duration | null>("5s", "RabbitMQ: how long an event waits for a slow receiver; null = for ever.", {
    nullable: true,
  }),
  eventQueueExpires: durationSetting<Duration | null>("60s", "RabbitMQ: after how long unused such a queue is deleted; null = never.", {
    nullable: true,
  }),
  eventSerializer: choiceSetting(serializerNames, "json", "How events are written."),
} as const;
