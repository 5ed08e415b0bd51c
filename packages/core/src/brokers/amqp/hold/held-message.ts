/**
 * One message that is held for its run: alone in a queue of its own, and on no channel, so that nothing ends the claim but its owner's death. To take it
 * out of there, unacknowledged, is to have it: its owner does so before it settles, and so does who gives back what a dead one left.
 */
import type { Channel, GetMessage } from "amqplib";
import { operationFailure, replyCode, replyCodeOf } from "../../../amqp/failure.ts";
import type { Link } from "../../../amqp/link.ts";
import { BrokerError } from "../../../errors.ts";

/** Taken out, to be removed or put back. */
interface Taken {
  readonly channel: Channel;
  readonly message: GetMessage;
}

export class HeldMessage {
  /** the queue that holds it */
  readonly hold: string;
  readonly #currentLink: () => Link | null;
  #taken: Taken | null = null;
  /** Its removal was asked for; whether it happened may not be known. */
  #isRemoving = false;

  constructor(hold: string, currentLink: () => Link | null) {
    this.hold = hold;
    this.#currentLink = currentLink;
  }

  /** null: it is gone. Rejects with BROKER_UNREACHABLE, also while somebody else has it, who may be this process on a connection that is lost. */
  async take(): Promise<GetMessage | null> {
    const found = await this.takeIfThere();
    if (found !== "nothing") return found;
    throw new BrokerError("BROKER_UNREACHABLE", `The held message in ${this.hold} is in other hands at the moment`);
  }

  /** As `take`; "nothing": the queue is there, and empty. */
  async takeIfThere(): Promise<GetMessage | "nothing" | null> {
    if (this.#taken !== null) return this.#taken.message;
    const link = this.#currentLink();
    if (link === null) throw new BrokerError("BROKER_UNREACHABLE", "Not connected to RabbitMQ");
    try {
      const channel = await link.openChannel();
      const message = await channel.get(this.hold, { noAck: false });
      if (message === false) {
        await channel.close();
        return "nothing";
      }
      channel.once("close", () => {
        this.#taken = null;
      });
      this.#taken = { channel, message };
      return message;
    } catch (error) {
      if (replyCodeOf(error) === replyCode.notFound) return null;
      throw operationFailure(error, `take a held message out of ${this.hold}`);
    }
  }

  /** A removal was asked for whose answer did not come. */
  get isRemoving(): boolean {
    return this.#isRemoving;
  }

  /** After it was taken: it is nowhere any more. Rejects with BROKER_UNREACHABLE: it may be. */
  async remove(): Promise<void> {
    const taken = this.#taken;
    if (taken === null) throw new BrokerError("BROKER_UNREACHABLE", `The held message in ${this.hold} is not in hand any more`);
    this.#isRemoving = true;
    try {
      taken.channel.ack(taken.message);
      await taken.channel.deleteQueue(this.hold);
    } catch (error) {
      throw operationFailure(error, `remove the held message in ${this.hold}`);
    }
    this.#taken = null;
    await taken.channel.close().catch(() => {});
  }

  /** After it was taken: it is back where it was. */
  async putBack(): Promise<void> {
    const taken = this.#taken;
    this.#taken = null;
    await taken?.channel.close().catch(() => {});
  }
}
