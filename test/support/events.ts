/** Events on a broker without a worker: told and heard as the drivers do it, where only whether it may be done matters. */
import type { Broker, Subscription } from "../../packages/core/src/broker.ts";
import { eventExchange, eventQueue } from "../../packages/core/src/events/exchange.ts";
import { createEnvelope, idOf } from "./envelopes.ts";

const settings = { eventExchange: "celeryev", eventQueuePrefix: "celeryev", eventQueueTtl: "5s", eventQueueExpires: "60s" } as const;

export const tellEvent = (broker: Broker, id: string): Promise<void> =>
  broker.broadcast(eventExchange(settings), "worker.online", createEnvelope({ id }));

/** `heard` is given the ids that were told. The subscription ends with the broker. */
export const listenToEvents = (broker: Broker, heard: (id: string) => void): Promise<Subscription> =>
  broker.subscribe(eventExchange(settings), { ...eventQueue(settings), heard: (envelope) => heard(idOf(envelope) as string) });
