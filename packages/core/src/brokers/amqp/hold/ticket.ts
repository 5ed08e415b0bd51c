/**
 * Tickets say which messages are held for whom. They lie in one queue that all workers consume and one at a time is given (single active consumer): it
 * watches over those whose tickets it has, and when it ends, the next one gets them. A second ticket says that the message is not held any more.
 */
import type { ConsumeMessage, Options } from "amqplib";
import { replyCode, replyCodeOf } from "../../../amqp/failure.ts";
import { fieldTable } from "../../../amqp/field-table.ts";
import type { Link } from "../../../amqp/link.ts";
import type { Outbox } from "../../../amqp/outbox.ts";
import type { QueueTable } from "../../../queue-table.ts";

export interface Ticket {
  /** the queue that holds the message */
  readonly hold: string;
  /** whose it is */
  readonly owner: string;
  /** where it came from */
  readonly queue: string;
  readonly isOver: boolean;
}

export const ticketQueue = "celeriac.held";

/** One of another type that is there already is taken as it is. Rejects with what the library gave. */
export async function declareTickets(link: Link, queues: QueueTable): Promise<void> {
  const wanted = { "x-single-active-consumer": true, ...typeOf(ticketQueue, queues) };
  try {
    await link.aside((channel) => channel.assertQueue(ticketQueue, { durable: true, arguments: fieldTable(wanted) }));
  } catch (error) {
    if (replyCodeOf(error) !== replyCode.preconditionFailed) throw error;
  }
}

/** What was safe from the loss of a node stays so. */
export function typeOf(queue: string, queues: QueueTable): Readonly<Record<string, unknown>> {
  const type = queues.declaration(queue).arguments["x-queue-type"];
  return type === undefined ? {} : { "x-queue-type": type };
}

/** Resolves when the broker has it. */
export function sendTicket(outbox: Outbox, ticket: Ticket): Promise<void> {
  const options: Options.Publish = { contentType: "application/json", deliveryMode: 2, mandatory: true };
  return outbox.send({ exchange: "", routingKey: ticketQueue, content: Buffer.from(JSON.stringify(ticket)), options });
}

/** null: it is none. */
export function readTicket({ content }: ConsumeMessage): Ticket | null {
  try {
    const { hold, owner, queue, isOver } = JSON.parse(content.toString()) as Partial<Record<keyof Ticket, unknown>>;
    const isTicket = typeof hold === "string" && typeof owner === "string" && typeof queue === "string";
    return isTicket ? { hold, owner, queue, isOver: isOver === true } : null;
  } catch {
    return null;
  }
}
