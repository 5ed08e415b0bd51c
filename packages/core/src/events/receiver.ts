/** Hears the events of workers and producers, of either language, one by one. What is no event is passed over. */
import type { Broker, SubscribeOptions, Subscription } from "../broker.ts";
import type { Settings } from "../config.ts";
import { type ContentRules, contentRules, decodeContent, type RawContent } from "../content.ts";
import type { Envelope } from "../envelope.ts";
import { reasonOf } from "../errors.ts";
import type { LamportClock } from "../lamport-clock.ts";
import type { Logger } from "../logger.ts";
import type { ReceivedEvent } from "./celery-event.ts";
import { eventExchange, eventQueue } from "./exchange.ts";

export interface ReceiverOptions {
  readonly broker: Broker;
  readonly settings: Settings;
  readonly lamport: LamportClock;
  readonly logger: Logger;
  /** Called synchronously, must not throw. */
  received(event: ReceivedEvent): void;
}

/** Every message that carries events, not yet read. Resolves when it hears. Throws BROKER_*. */
export function subscribeToEvents(
  broker: Broker,
  settings: Settings,
  listener: Pick<SubscribeOptions, "heard" | "resumed">,
): Promise<Subscription> {
  return broker.subscribe(eventExchange(settings), { ...eventQueue(settings), ...listener });
}

/** Resolves when it hears. Throws BROKER_*. */
export function receiveEvents({ broker, settings, lamport, logger, received }: ReceiverOptions): Promise<Subscription> {
  const { acceptContent, eventSerializer, maxMessageBytes } = settings;
  const rules = contentRules({ acceptContent: [...acceptContent, eventSerializer], maxMessageBytes });
  const heard = ({ body, headers, properties: { contentType } }: Envelope) => {
    try {
      for (const event of eventsOf({ body, headers, contentType }, rules)) {
        // A producer's clock is not in step with the workers'.
        if (event.type !== "task-sent" && typeof event["clock"] === "number") lamport.adjust(event["clock"]);
        received(event);
      }
    } catch (error) {
      logger.debug("what was heard is no event", { reason: reasonOf(error) });
    }
  };
  return subscribeToEvents(broker, settings, { heard });
}

/** Those of a message: one, or a list of them. Throws as `decodeContent`. */
export function eventsOf(content: RawContent, rules: ContentRules): readonly ReceivedEvent[] {
  const { value } = decodeContent(content, rules);
  return (Array.isArray(value) ? value : [value]).filter(isEvent);
}

function isEvent(value: unknown): value is ReceivedEvent {
  return typeof value === "object" && value !== null && !Array.isArray(value) && typeof (value as { type?: unknown }).type === "string";
}
