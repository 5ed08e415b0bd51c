/** Whether the queues of a consumer may share one limit of its channel. Quorum queues refuse it, and RabbitMQ says so by ending the connection. */
import { replyCode, replyCodeOf } from "../../amqp/failure.ts";
import type { Link } from "../../amqp/link.ts";
import type { QueueDeclaration } from "../../queue-table.ts";
import { areClassic } from "./adoption.ts";

export class SharedLimit {
  #isAllowed = true;

  /** As far as is known; never again once it was refused. */
  get isAllowed(): boolean {
    return this.#isAllowed;
  }

  /** Before more queues are consumed: it need not come to a refusal. Rejects with what the library gave. */
  async ask(link: Link, queues: readonly QueueDeclaration[]): Promise<void> {
    this.#isAllowed &&= await areClassic(link, queues);
  }

  /** After a channel has ended: the connection's end, which tells, is known right behind it. */
  learn(link: Link, reason: unknown): void {
    const look = (error: unknown) => {
      if (replyCodeOf(error) === replyCode.notImplemented) this.#isAllowed = false;
    };
    look(reason);
    link.onEnd(look);
  }
}
