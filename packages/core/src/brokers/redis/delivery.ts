/** One claimed message in a worker's hands. */
import type { Delivery, Settlement, SettleOutcome } from "../../broker.ts";
import type { Envelope } from "../../envelope.ts";

/** What a delivery asks of its consumer. */
export interface DeliveryOwner {
  begin(delivery: RedisDelivery): Promise<SettleOutcome>;
  settle(delivery: RedisDelivery, settlement: Settlement): Promise<SettleOutcome>;
}

export interface ClaimFacts {
  /** the claim's number, chosen by us, never used again by this consumer */
  readonly n: number;
  readonly list: string;
  readonly queue: string;
  readonly envelope: Envelope;
  readonly deliveries: number;
  readonly redelivered: boolean;
}

export class RedisDelivery implements Delivery {
  readonly n: number;
  readonly list: string;
  readonly queue: string;
  readonly envelope: Envelope;
  readonly deliveries: number;
  readonly redelivered: boolean;
  /** How it ended; null while its claim stands. */
  outcome: SettleOutcome | null = null;
  /** A settlement was sent and not answered: the claim may be gone by our own hand. */
  inDoubt = false;
  readonly #owner: DeliveryOwner;
  #settling: Promise<SettleOutcome> | null = null;

  constructor(facts: ClaimFacts, owner: DeliveryOwner) {
    this.n = facts.n;
    this.list = facts.list;
    this.queue = facts.queue;
    this.envelope = facts.envelope;
    this.deliveries = facts.deliveries;
    this.redelivered = facts.redelivered;
    this.#owner = owner;
  }

  begin(): Promise<SettleOutcome> {
    if (this.outcome !== null) return Promise.resolve("lost");
    return this.deliveries === 0 ? Promise.resolve("settled") : this.#owner.begin(this);
  }

  settle(settlement: Settlement): Promise<SettleOutcome> {
    if (this.#settling !== null) {
      // Once per delivery: a second call counts only when the first could not be asked.
      return this.#settling.then(
        () => "lost",
        () => this.settle(settlement),
      );
    }
    const settling = this.#owner.settle(this, settlement);
    this.#settling = settling;
    settling.catch(() => {
      this.#settling = null;
    });
    return settling;
  }
}
