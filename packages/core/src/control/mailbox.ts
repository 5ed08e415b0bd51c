/** A worker's mailbox: hears the commands of remote control that are meant for it, has each carried out, and sends the answer to whoever waits for one. */
import type { Broker, Subscription } from "../broker.ts";
import type { Envelope } from "../envelope.ts";
import { reasonOf } from "../errors.ts";
import type { LamportClock } from "../lamport-clock.ts";
import type { Logger } from "../logger.ts";
import { isMeant } from "./audience.ts";
import {
  answersOn,
  type ControlRequest,
  type ControlSettings,
  controlRules,
  mailboxQueue,
  type ReplyTo,
  readRequest,
  requestExchange,
  writeReply,
} from "./pidbox.ts";

export interface MailboxOptions {
  readonly broker: Broker;
  readonly settings: ControlSettings;
  readonly lamport: LamportClock;
  readonly logger: Logger;
  /** node name */
  readonly hostname: string;
  /** Carries a command out and gives the answer; undefined: there is none. Never rejects. */
  carryOut(request: ControlRequest): Promise<unknown>;
}

/** Resolves when it hears. Throws BROKER_*. */
export function openMailbox({ broker, settings, lamport, logger, hostname, carryOut }: MailboxOptions): Promise<Subscription> {
  const rules = controlRules(settings);

  async function take(request: ControlRequest): Promise<void> {
    const value = await carryOut(request);
    if (request.replyTo !== null && value !== undefined) await reply(request.replyTo, request.method, value);
  }

  /** Whoever asked may be gone, or waits in vain: it has a timeout. */
  async function reply({ exchange, routingKey, ticket }: ReplyTo, method: string, value: unknown): Promise<void> {
    try {
      await broker.broadcast(answersOn(exchange), routingKey, written(value, ticket));
    } catch (error) {
      logger.warn("a command of remote control could not be answered", { method, reason: reasonOf(error) });
    }
  }

  function written(value: unknown, ticket: string): Envelope {
    const clock = lamport.forward();
    try {
      return writeReply({ hostname, value }, ticket, clock);
    } catch (error) {
      return writeReply({ hostname, value: { error: reasonOf(error) } }, ticket, clock);
    }
  }

  return broker.subscribe(requestExchange(settings), {
    ...mailboxQueue(settings, hostname),
    heard(envelope) {
      try {
        const request = readRequest(envelope, rules);
        if (request === null) return;
        lamport.adjust(request.clock);
        if (isMeant(request, hostname)) void take(request);
      } catch (error) {
        logger.warn("what came by remote control is no command", { reason: reasonOf(error) });
      }
    },
  });
}
