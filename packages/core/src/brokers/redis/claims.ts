/** The book of what one consumer holds: from a raw message claimed, through its delivery, to its settlement. */
import type { ConsumerListener, Settlement, SettleOutcome } from "../../broker.ts";
import type { Clock } from "../../clock.ts";
import { deliveriesOf, type Envelope } from "../../envelope.ts";
import { BrokerError, PublishError, reasonOf } from "../../errors.ts";
import type { RedisConnection } from "../../redis/connection.ts";
import { brokerFailure, verdictOf } from "../../redis/failure.ts";
import { type DeliveryOwner, RedisDelivery } from "./delivery.ts";
import { decodeEnvelope, wrap } from "./envelope-json.ts";
import { claimsKey, queueOfList } from "./keys.ts";
import type { Differences } from "./reconcile.ts";
import { scripts } from "./scripts.ts";
import { SettledRing } from "./settled-ring.ts";
import { isPlain, planSettlement } from "./settlement-plan.ts";
import type { ClaimSettlement, Settler } from "./settler.ts";

/** Where claims are settled at present: gone while there is no session. */
export interface Desk {
  readonly connection: RedisConnection;
  readonly incarnation: string;
  readonly settler: Settler;
}

export interface ClaimsOptions {
  readonly clock: Clock;
  readonly label: string;
  readonly listener: ConsumerListener;
  /** A claim was not there any more although nobody told us: perhaps this incarnation was declared dead. */
  missed(): void;
}

export class Claims implements DeliveryOwner {
  readonly #options: ClaimsOptions;
  readonly #held = new Map<number, RedisDelivery>();
  readonly #ring = new SettledRing();
  readonly #underWay = new Set<Promise<unknown>>();
  #desk: Desk | null = null;
  #leaving = 0;

  constructor(options: ClaimsOptions) {
    this.#options = options;
  }

  get held(): ReadonlyMap<number, RedisDelivery> {
    return this.#held;
  }

  get settled(): ReadonlyMap<number, ClaimSettlement> {
    return this.#ring.byNumber();
  }

  /** How many count against the read-ahead: those whose settlement has been asked for leave before the next claim arrives. */
  get occupied(): number {
    return this.#held.size - this.#leaving;
  }

  /** null: the session is over, and nothing can be settled. */
  moveTo(desk: Desk | null): void {
    this.#desk = desk;
  }

  /** Delivers a claimed message; gives whether it is a suspect. What cannot be read becomes a dead letter. */
  accept(list: string, n: number, raw: string): boolean {
    const queue = queueOfList(list);
    let read: ReturnType<typeof decodeEnvelope>;
    try {
      read = decodeEnvelope(raw);
    } catch (error) {
      void this.#refuse({ list, n, queue }, `Unreadable: ${reasonOf(error)}`);
      return false;
    }
    const deliveries = deliveriesOf(read.envelope.headers);
    const delivery = this.#hold({ list, n, queue }, read.envelope, { deliveries, redelivered: read.redelivered || deliveries > 0 });
    this.#options.listener.delivery(delivery);
    return deliveries > 0;
  }

  async begin(delivery: RedisDelivery): Promise<SettleOutcome> {
    const { connection, incarnation } = this.#openDesk();
    try {
      const begun = await connection.run(scripts.begin, [claimsKey(delivery.list, incarnation)], [delivery.n]);
      if (begun === 1) return "settled";
    } catch (error) {
      throw brokerFailure(error, this.#options.label);
    }
    return this.#end(delivery, "lost");
  }

  settle(delivery: RedisDelivery, settlement: Settlement): Promise<SettleOutcome> {
    if (delivery.outcome !== null) return Promise.resolve(concluded(delivery));
    const work = this.#settle(delivery, settlement);
    this.#underWay.add(work);
    const forget = () => this.#underWay.delete(work);
    work.then(forget, forget);
    return work;
  }

  /** Ends everything as lost: this incarnation was declared dead. */
  loseAll(): void {
    for (const delivery of this.#held.values()) delivery.outcome = "lost";
    this.#held.clear();
  }

  /** Puts the books right after a reconnect. `keep` false: what is newly found goes back instead of being delivered. */
  async apply({ gone, forgotten, unknown }: Differences, keep: boolean): Promise<void> {
    // Only this incarnation removes its claims: one that is gone after a settlement without answer was settled by it.
    for (const delivery of gone) this.#end(delivery, delivery.inDoubt ? "settled" : "lost");
    const { settler, incarnation } = this.#openDesk();
    const again: Promise<unknown>[] = forgotten.map((settlement) => settler.settle(settlement));
    for (const { list, n, raw } of unknown) {
      if (keep) this.accept(list, n, raw);
      else again.push(settler.settle({ n, claimsKey: claimsKey(list, incarnation), operations: [["head", list, ""]] }));
    }
    await Promise.all(again);
  }

  /** Hands back, uncounted, whatever is still held, when the settlements under way have ended. */
  async handBack(): Promise<void> {
    this.#desk?.settler.flush();
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
    // The newest goes first, so that the oldest is next in line.
    const held = [...this.#held.values()].sort((left, right) => right.n - left.n);
    const { settler, incarnation } = this.#openDesk();
    await Promise.all(
      held.map(async (delivery) => {
        const operations = [["head", delivery.list, ""]] as const;
        await settler.settle({ n: delivery.n, claimsKey: claimsKey(delivery.list, incarnation), operations });
        this.#end(delivery, "lost");
      }),
    );
  }

  async #settle(delivery: RedisDelivery, settlement: Settlement): Promise<SettleOutcome> {
    const { connection, incarnation, settler } = this.#openDesk();
    const plan = isPlain(delivery, settlement) ? null : await this.#plan(delivery, settlement, connection, incarnation);
    if (delivery.outcome !== null) return concluded(delivery);
    if (plan === "lost") return this.#missed(delivery);
    const claim = { n: delivery.n, claimsKey: claimsKey(delivery.list, incarnation), operations: plan };
    this.#leaving++;
    let outcome: SettleOutcome;
    try {
      outcome = await settler.settle(claim);
    } catch (error) {
      delivery.inDoubt ||= verdictOf(error) === "unknown";
      throw brokerFailure(error, this.#options.label);
    } finally {
      this.#leaving--;
    }
    if (outcome === "lost") return this.#missed(delivery);
    this.#ring.remember(claim);
    return this.#end(delivery, "settled");
  }

  async #plan(delivery: RedisDelivery, settlement: Settlement, connection: RedisConnection, incarnation: string) {
    try {
      return await planSettlement(delivery, settlement, { connection, incarnation, clock: this.#options.clock });
    } catch (error) {
      throw PublishError.is(error) ? error : brokerFailure(error, this.#options.label);
    }
  }

  #missed(delivery: RedisDelivery): SettleOutcome {
    this.#options.missed();
    return this.#end(delivery, "lost");
  }

  #end(delivery: RedisDelivery, outcome: SettleOutcome): SettleOutcome {
    delivery.outcome ??= outcome;
    this.#held.delete(delivery.n);
    return delivery.outcome;
  }

  #hold(claim: ClaimPlace, envelope: Envelope, history: { readonly deliveries: number; readonly redelivered: boolean }): RedisDelivery {
    const delivery = new RedisDelivery({ ...claim, envelope, ...history }, this);
    this.#held.set(claim.n, delivery);
    return delivery;
  }

  async #refuse(claim: ClaimPlace, reason: string): Promise<void> {
    const delivery = this.#hold(claim, wrap("", ""), { deliveries: 0, redelivered: false });
    try {
      const outcome = await delivery.settle({ publish: [], then: { kind: "deadLetter", reason } });
      if (outcome === "settled") this.#options.listener.deadLettered({ queue: claim.queue, reason });
    } catch {
      // Its claim stands. Not held here, it is found as unknown after the reconnect and refused again.
      this.#held.delete(claim.n);
    }
  }

  #openDesk(): Desk {
    if (this.#desk === null)
      throw new BrokerError("BROKER_UNREACHABLE", `Redis at ${this.#options.label} is not connected; the claim stands`);
    return this.#desk;
  }
}

interface ClaimPlace {
  readonly list: string;
  readonly n: number;
  readonly queue: string;
}

/** The answer to a settlement that comes after the end: once `settled` if the first one's answer got lost, else `lost`. */
function concluded(delivery: RedisDelivery): SettleOutcome {
  if (delivery.outcome !== "settled" || !delivery.inDoubt) return "lost";
  delivery.inDoubt = false;
  return "settled";
}
