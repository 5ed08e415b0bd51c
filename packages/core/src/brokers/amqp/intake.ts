/**
 * What becomes of a message between its arrival and the listener: taken up by the run it belongs to, counted if its last run died, held until it is
 * due, handed out within the read-ahead. Keeps every delivery that is not settled.
 */
import type { ConsumeMessage } from "amqplib";
import type { ConsumerListener } from "../../broker.ts";
import type { Timer } from "../../clock.ts";
import { deliveriesHeader, deliveriesOf } from "../../envelope.ts";
import { reasonOf } from "../../errors.ts";
import { broadcastOf } from "../../queue-table.ts";
import { AmqpDelivery, type Claim, type DeliveryTools } from "./delivery.ts";
import { againAs, dueAtOf, identityOf } from "./message.ts";
import { recount } from "./recount.ts";

export interface Intake {
  receive(queue: string, message: ConsumeMessage, claim: Claim): void;
  /** Hands out what waits, as far as the read-ahead allows. */
  release(): void;
  /** Begins to give back what waits although the read-ahead is full. */
  handBackExcess(): void;
  /** Begins to give back what was not yet handed out, all of it or that of one queue. */
  handBackWaiting(queue?: string): void;
  /** How many are held apart from their channel. */
  readonly held: number;
  /** Holds what was received before `since`, of the clock that only goes forward. Never rejects. */
  holdThoseBefore(since: number): Promise<void>;
  /** Gives back, uncounted, whatever is held; waits for that, and for settlements under way. Never rejects. */
  close(): Promise<void>;
}

interface IntakeOptions {
  readonly listener: ConsumerListener;
  readAhead(): number;
  /** Others than before are held apart: the channel is to be sent as many more or fewer. */
  heldChanged(): Promise<void>;
}

/** A delay is whole seconds for the broker; nothing is held longer than what that leaves, even if another machine's clock is far ahead. */
const longestHoldMs = 1_000;
/** Wait between attempts to count a redelivered message, ms. */
const recountWaitMs = 500;
const heldAtOnce = 20;
/** As a quorum queue counts; our limit is 100, RabbitMQ's own is 20 from 4.0 on. */
const manyDeliveries = 15;

export function createIntake(tools: Omit<DeliveryTools, "over">, { listener, readAhead, heldChanged }: IntakeOptions): Intake {
  const { publisher, marks, handedBack, clock, logger } = tools;
  /** with the listener, not settled */
  const handedOut = new Set<AmqpDelivery>();
  /** arrived and due, but more than the read-ahead */
  let waiting: AmqpDelivery[] = [];
  const notDue = new Map<AmqpDelivery, Timer>();
  /** on their way back to the queue, which takes as long as the broker takes no publications */
  const returning = new Set<Promise<void>>();
  const deliveryTools: DeliveryTools = { ...tools, over };

  function over(delivery: AmqpDelivery): void {
    handedOut.delete(delivery);
    if (delivery.isHeld) void heldChanged();
    release();
  }

  function receive(queue: string, message: ConsumeMessage, claim: Claim): void {
    warnOfLimit(queue, message);
    if (!message.fields.redelivered) return void admit(queue, message, claim);
    const identity = identityOf(queue, message);
    if (adopted(identity, claim, message)) return;
    if (handedBack.recall(identity)) admit(queue, message, claim);
    else void countAgain(queue, message, claim);
  }

  /** A quorum queue counts for itself, and drops what it has handed out too often; our count, which decides, is in a header of its own. */
  function warnOfLimit(queue: string, { properties }: ConsumeMessage): void {
    const count: unknown = properties.headers?.["x-delivery-count"];
    if (typeof count === "number" && count >= manyDeliveries)
      logger.warn("RabbitMQ has handed out a message many times; its delivery limit may take it away", { queue, count });
  }

  /** The message of a run that goes on here, although its claim was lost with the channel. */
  function adopted(identity: string, claim: Claim, message: ConsumeMessage): boolean {
    for (const delivery of handedOut) if (delivery.identity === identity && delivery.adopt(claim, message)) return true;
    return false;
  }

  /** A redelivered message may have died with its run. Its counted copy goes to the queue's end, confirmed, before the original is acknowledged. */
  async function countAgain(queue: string, message: ConsumeMessage, claim: Claim): Promise<void> {
    while (claim.channel.alive) {
      try {
        const count = await recount(queue, message, marks);
        if (count.now === count.before) return admit(queue, message, claim);
        await publisher.toQueue(queue, againAs(message, { [deliveriesHeader]: count.now }), dueAtOf(message) ?? undefined);
        await count.clearMark();
        await claim.channel.acknowledge(claim.tag);
        break;
      } catch (error) {
        logger.debug("A redelivered message could not be counted; trying on", { queue, reason: reasonOf(error) });
        await clock.sleep(recountWaitMs, undefined, { background: true });
      }
    }
    claim.release();
  }

  function admit(queue: string, message: ConsumeMessage, claim: Claim): void {
    const deliveries = deliveriesOf(message.properties.headers ?? {});
    const delivery = new AmqpDelivery({ queue, message, deliveries }, claim, deliveryTools);
    if (!tools.consuming(queue)) return void handBack([delivery]);
    const dueAt = dueAtOf(message);
    const holdMs = dueAt === null ? 0 : Math.min(longestHoldMs, dueAt - clock.now());
    if (holdMs <= 0) return void hand(delivery);
    // A timer may fire a millisecond early.
    const timer = clock.after(holdMs + 1, () => notDue.delete(delivery) && hand(delivery));
    notDue.set(delivery, timer);
  }

  function hand(delivery: AmqpDelivery): void {
    waiting.push(delivery);
    release();
  }

  function release(): void {
    while (waiting.length > 0 && hasRoom()) {
      const at = waiting.findIndex(({ queue }) => tools.consuming(queue));
      if (at < 0) return;
      const [delivery] = waiting.splice(at, 1) as [AmqpDelivery];
      if (!delivery.claimed) {
        delivery.abandon();
        continue;
      }
      handedOut.add(delivery);
      listener.delivery(delivery);
    }
  }

  /** What was claimed on a channel that is gone does not count: the broker gives as many anew. */
  function hasRoom(): boolean {
    const limit = readAhead();
    if (handedOut.size < limit) return true;
    let claimed = 0;
    for (const delivery of handedOut) if (delivery.claimed) claimed += 1;
    return claimed < limit;
  }

  function handBackExcess(): void {
    if (hasRoom()) return;
    handBack(waiting);
    waiting = [];
  }

  function handBackWaiting(queue?: string): void {
    const isMeant = (delivery: AmqpDelivery) => queue === undefined || delivery.queue === queue;
    const early = [...notDue.keys()].filter(isMeant);
    for (const delivery of early) {
      notDue.get(delivery)?.cancel();
      notDue.delete(delivery);
    }
    handBack([...waiting.filter(isMeant), ...early]);
    waiting = waiting.filter((delivery) => !isMeant(delivery));
  }

  function handBack(deliveries: Iterable<AmqpDelivery>): void {
    for (const delivery of deliveries) {
      const back = delivery.handBack().finally(() => returning.delete(back));
      returning.add(back);
    }
  }

  async function holdThoseBefore(since: number): Promise<void> {
    const { holder } = tools;
    if (holder === null || !holder.mayHold) return;
    const isOld = ({ receivedAt, queue }: AmqpDelivery) => receivedAt <= since && broadcastOf(queue) === null;
    const old = [...handedOut].filter((delivery) => isOld(delivery) && !delivery.hasLeft);
    // Each needs a channel for a moment, of which a connection has some thousand.
    for (let at = 0; at < old.length; at += heldAtOnce)
      await Promise.all(old.slice(at, at + heldAtOnce).map((delivery) => delivery.hold(holder, heldChanged)));
    // Nobody waits for these here.
    handBack(waiting.filter(isOld));
    waiting = waiting.filter((delivery) => !isOld(delivery));
  }

  return {
    get held() {
      let held = 0;
      for (const delivery of handedOut) if (delivery.hasLeft) held += 1;
      return held;
    },
    holdThoseBefore,
    receive,
    release,
    handBackExcess,
    handBackWaiting,
    async close() {
      handBackWaiting();
      handBack(handedOut);
      await Promise.all(returning);
    },
  };
}
