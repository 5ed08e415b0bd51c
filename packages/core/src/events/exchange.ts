/** Where events are told and how they are written there: the settings of Celery's that say so, as brokers and serializers take them. */
import type { LiveExchange, SubscribeOptions } from "../broker.ts";
import type { Settings } from "../config.ts";
import { type Duration, durationMs } from "../duration.ts";

type EventSettings = Pick<Settings, "eventExchange" | "eventQueuePrefix" | "eventQueueTtl" | "eventQueueExpires">;

export function eventExchange({ eventExchange: name }: Pick<Settings, "eventExchange">): LiveExchange {
  return { name, type: "topic", durable: true };
}

/** The queue of one who listens to events on RabbitMQ. */
export function eventQueue(settings: EventSettings): Omit<SubscribeOptions, "heard"> {
  return {
    queueName: (id) => `${settings.eventQueuePrefix}.${id}`,
    messageTtlMs: ms(settings.eventQueueTtl, "eventQueueTtl"),
    expiresMs: ms(settings.eventQueueExpires, "eventQueueExpires"),
  };
}

/** null = never */
function ms(duration: Duration | null, name: string): number | null {
  return duration === null ? null : Math.max(1, Math.round(durationMs(duration, name)));
}
