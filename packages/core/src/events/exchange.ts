/** Where events are told and how they are written there: the settings of Celery's that say so, as brokers and serializers take them. */
import type { LiveExchange, SubscribeOptions } from "../broker.ts";
import type { Settings } from "../config.ts";
import { queueMs } from "../live-exchange.ts";

type EventSettings = Pick<Settings, "eventExchange" | "eventQueuePrefix" | "eventQueueTtl" | "eventQueueExpires">;

export function eventExchange({ eventExchange: name }: Pick<Settings, "eventExchange">): LiveExchange {
  return { name, type: "topic", durable: true };
}

/** The queue of one who listens to events on RabbitMQ. */
export function eventQueue(settings: EventSettings): Omit<SubscribeOptions, "heard"> {
  return {
    queueName: (id) => `${settings.eventQueuePrefix}.${id}`,
    messageTtlMs: queueMs(settings.eventQueueTtl, "eventQueueTtl"),
    expiresMs: queueMs(settings.eventQueueExpires, "eventQueueExpires"),
  };
}
