/**
 * How often a message has been begun by whoever had it before. The first time it comes back from a run that may have died every one is counted; from
 * then on only if its run was marked as begun.
 */
import type { Message } from "amqplib";
import { deliveriesOf } from "../../envelope.ts";
import type { BegunMarks } from "./begun-mark.ts";
import { identityOf } from "./message.ts";

export interface Recount {
  readonly before: number;
  readonly now: number;
  /** After the message was published with the new count. */
  clearMark(): Promise<void>;
}

/** Rejects with BROKER_*. */
export async function recount(queue: string, message: Message, marks: BegunMarks): Promise<Recount> {
  const before = deliveriesOf(message.properties.headers ?? {});
  const identity = identityOf(queue, message);
  const isCounted = before === 0 || (await marks.isSet(identity));
  return {
    before,
    now: isCounted ? before + 1 : before,
    clearMark: async () => {
      if (before > 0 && isCounted) await marks.clear(identity);
    },
  };
}
