/** One claimed message in a worker's hands. */
import type { ClaimOutcome, Delivery, Settlement, SettleOutcome } from "../../broker.ts";
import { deliveriesOf, type Envelope } from "../../envelope.ts";
import type { ReadEnvelope } from "./envelope-json.ts";

/** What a delivery asks of its consumer. */
export interface DeliveryOwner {
  begin(delivery: RedisDelivery): Promise<ClaimOutcome>;
  settle(delivery: RedisDelivery, settlement: Settlement): Promise<SettleOutcome>;
}

/** Which claim it is; shared by all deliveries of a list but for the number. */
export interface ClaimPlace {
  readonly list: string;
  readonly queue: string;
  readonly claimsKey: string;
}

export class RedisDelivery implements Delivery {
  /** the claim's number, chosen by us, never used again by this consumer */
  readonly n: number;
  readonly place: ClaimPlace;
  readonly envelope: Envelope;
  readonly deliveries: number;
  readonly redelivered: boolean;
  /** How it ended; null while its claim stands. */
  outcome: ClaimOutcome | null = null;
  /** A settlement was sent and not answered: the claim may be gone by our own hand. */
  inDoubt = false;
  /** The settlement under way or done; null before it and after one that failed. Its owner keeps it. */
  settling: Promise<SettleOutcome> | null = null;
  readonly #owner: DeliveryOwner;

  constructor(n: number, place: ClaimPlace, read: ReadEnvelope, owner: DeliveryOwner) {
    this.n = n;
    this.place = place;
    this.envelope = read.envelope;
    this.deliveries = deliveriesOf(read.envelope.headers);
    this.redelivered = read.redelivered || this.deliveries > 0;
    this.#owner = owner;
  }

  get queue(): string {
    return this.place.queue;
  }

  begin(): Promise<ClaimOutcome> {
    if (this.outcome !== null) return Promise.resolve("lost");
    return this.deliveries === 0 ? Promise.resolve("settled") : this.#owner.begin(this);
  }

  settle(settlement: Settlement): Promise<SettleOutcome> {
    if (this.settling === null) return this.#owner.settle(this, settlement);
    // Once per delivery: a second call counts only when the first could not be asked.
    return this.settling.then(
      () => "lost",
      () => this.settle(settlement),
    );
  }
}
