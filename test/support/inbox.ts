/** A consumer's listener that keeps what it is told and lets a test wait for it. */
import type { ConsumerListener, Delivery } from "../../packages/core/src/broker.ts";
import { eventually } from "./eventually.ts";

export interface Inbox {
  readonly listener: ConsumerListener;
  /** every delivery so far, in order of arrival */
  readonly deliveries: readonly Delivery[];
  readonly letters: readonly { readonly queue: string; readonly reason: string }[];
  readonly events: readonly ("connected" | "disconnected" | "claimsLost")[];
  /** The next `count` deliveries not yet taken, in order of arrival. */
  take(count: number, withinMs?: number): Promise<readonly Delivery[]>;
  /** The next delivery not yet taken. */
  next(withinMs?: number): Promise<Delivery>;
  /** Deliveries that arrived and were not taken. */
  readonly waiting: number;
}

/** `onDelivery` is called after the delivery was noted. */
export function createInbox(onDelivery: (delivery: Delivery) => void = () => {}): Inbox {
  const deliveries: Delivery[] = [];
  const letters: { readonly queue: string; readonly reason: string }[] = [];
  const events: ("connected" | "disconnected" | "claimsLost")[] = [];
  let taken = 0;

  async function take(count: number, withinMs = 15_000): Promise<readonly Delivery[]> {
    const from = taken;
    taken += count;
    await eventually(
      () => {
        if (deliveries.length < from + count) throw new Error(`Expected delivery ${from + count}, have ${deliveries.length}`);
      },
      { withinMs, everyMs: 2 },
    );
    return deliveries.slice(from, from + count);
  }

  return {
    listener: {
      delivery(delivery) {
        deliveries.push(delivery);
        onDelivery(delivery);
      },
      claimsLost: () => events.push("claimsLost"),
      deadLettered: (letter) => letters.push(letter),
      disconnected: () => events.push("disconnected"),
      connected: () => events.push("connected"),
    },
    deliveries,
    letters,
    events,
    take,
    next: async (withinMs) => (await take(1, withinMs))[0]!,
    get waiting() {
      return deliveries.length - taken;
    },
  };
}
