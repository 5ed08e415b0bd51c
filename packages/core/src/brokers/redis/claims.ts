/** The book of what one consumer holds: from a raw message claimed, through its delivery, to its settlement. */
import type { ClaimOutcome, ConsumerListener, Settlement, SettleOutcome } from "../../broker.ts";
import type { Clock } from "../../clock.ts";
import { wrapUnreadable } from "../../envelope.ts";
import { BrokerError, PublishError, reasonOf } from "../../errors.ts";
import type { Logger } from "../../logger.ts";
import type { RedisConnection } from "../../redis/connection.ts";
import { brokerFailure, verdictOf } from "../../redis/failure.ts";
import { type ClaimPlace, type DeliveryOwner, RedisDelivery } from "./delivery.ts";
import { decodeEnvelope, type ReadEnvelope } from "./envelope-json.ts";
import { claimsKey, queueOfList } from "./keys.ts";
import type { Exchanges } from "./publication-route.ts";
import type { Differences } from "./reconcile.ts";
import { scripts } from "./scripts.ts";
import { SettledRing } from "./settled-ring.ts";
import { isCompletion, planCompletion, planSettlement, type SettlementPlan } from "./settlement-plan.ts";
import type { ClaimSettlement, Plan, Settler, Settling } from "./settler.ts";

/** Where claims are settled at present: gone while there is no session. */
export interface Desk {
  readonly connection: RedisConnection;
  readonly incarnation: string;
  readonly settler: Settler;
}

export interface ClaimsOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly label: string;
  /** what follow-ups are routed by */
  readonly exchanges: Exchanges;
  readonly listener: ConsumerListener;
  /** A claim was not there any more although nobody told us: perhaps this incarnation was declared dead. */
  missed(): void;
}

const refusalWaitMs = 1_000;

export class Claims implements DeliveryOwner {
  readonly #options: ClaimsOptions;
  readonly #held = new Map<number, RedisDelivery>();
  readonly #ring = new SettledRing();
  readonly #places = new Map<string, ClaimPlace>();
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
    if (desk !== null && desk.incarnation !== this.#desk?.incarnation) this.#places.clear();
    this.#desk = desk;
  }

  /** Delivers a claimed message; gives whether it is a suspect. What cannot be read becomes a dead letter. */
  accept(list: string, n: number, raw: string): boolean {
    const place = this.#placeOf(list);
    let read: ReadEnvelope;
    try {
      read = decodeEnvelope(raw);
    } catch (error) {
      void this.#refuse(n, place, `Unreadable: ${reasonOf(error)}`);
      return false;
    }
    const delivery = this.#hold(n, place, read);
    this.#options.listener.delivery(delivery);
    return delivery.deliveries > 0;
  }

  async begin(delivery: RedisDelivery): Promise<ClaimOutcome> {
    const { connection } = this.#openDesk();
    try {
      const begun = await connection.run(scripts.begin, [delivery.place.claimsKey], [delivery.n]);
      if (begun === 1) return "settled";
    } catch (error) {
      throw brokerFailure(error, this.#options.label);
    }
    return this.#end(delivery, "lost");
  }

  settle(delivery: RedisDelivery, settlement: Settlement): Promise<SettleOutcome> {
    if (delivery.outcome !== null) return Promise.resolve(concluded(delivery));
    if (this.#desk === null) return Promise.reject(this.#notConnected());
    const settling = isCompletion(delivery, settlement)
      ? this.#send(delivery, planCompletion(settlement), this.#desk)
      : this.#plan(delivery, settlement, this.#desk);
    delivery.settling = settling;
    return settling;
  }

  /** Ends everything as lost: this incarnation was declared dead. */
  loseAll(): void {
    for (const delivery of this.#held.values()) delivery.outcome = "lost";
    this.#held.clear();
  }

  /** Puts the books right after a reconnect. What is newly found of a list that is not to be kept goes back instead of being delivered. */
  async apply({ gone, forgotten, unknown }: Differences, keeps: (list: string) => boolean): Promise<void> {
    // Only this incarnation removes its claims: one that is gone after a settlement without answer was settled by it.
    for (const delivery of gone) this.#end(delivery, delivery.inDoubt ? "settled" : "lost");
    const desk = this.#openDesk();
    const again: Promise<unknown>[] = forgotten.map((settlement) => settleAgain(settlement, desk));
    for (const { list, n, raw } of unknown) {
      if (keeps(list)) this.accept(list, n, raw);
      else again.push(settleAgain({ n, claimsKey: this.#placeOf(list).claimsKey, plan: [["head", list, ""]] }, desk));
    }
    await Promise.all(again);
  }

  /** Hands back, uncounted, whatever is still held, when the settlements under way have ended. */
  async handBack(): Promise<void> {
    const desk = this.#openDesk();
    const settlings = [...this.#held.values()].map(({ settling }) => settling);
    desk.settler.flush();
    await Promise.allSettled(settlings);
    // The newest goes first, so that the oldest is next in line.
    const held = [...this.#held.values()].sort((left, right) => right.n - left.n);
    await Promise.all(
      held.map(async (delivery) => {
        const { list, claimsKey } = delivery.place;
        await settleAgain({ n: delivery.n, claimsKey, plan: [["head", list, ""]] }, desk);
        this.#end(delivery, "lost");
      }),
    );
  }

  async #plan(delivery: RedisDelivery, settlement: Settlement, desk: Desk): Promise<SettleOutcome> {
    try {
      const plan = await planSettlement(delivery, settlement, { ...desk, ...this.#options });
      if (delivery.outcome !== null) return concluded(delivery);
      if (plan === "lost" || !(await this.#writeBefore(delivery, plan, desk))) return this.#missed(delivery);
      return await this.#send(delivery, plan.operations, desk);
    } catch (error) {
      delivery.settling = null;
      throw PublishError.is(error) ? error : brokerFailure(error, this.#options.label);
    }
  }

  /** false: the claim is not ours any more, and nothing was written. */
  async #writeBefore({ n, place }: RedisDelivery, { before }: SettlementPlan, { connection }: Desk): Promise<boolean> {
    if (before.length === 0) return true;
    if ((await connection.call("HEXISTS", place.claimsKey, n)) === 0) return false;
    await Promise.all(before.map((following) => following.write()));
    return true;
  }

  #send(delivery: RedisDelivery, plan: Plan, desk: Desk): Promise<SettleOutcome> {
    return new Promise((resolve, reject) => {
      this.#leaving++;
      desk.settler.settle({ n: delivery.n, claimsKey: delivery.place.claimsKey, plan, delivery, resolve, reject });
    });
  }

  /** Called by the settler. */
  ended(settling: Settling, outcome: SettleOutcome): void {
    const { delivery } = settling;
    if (outcome === "settled") this.#ring.remember(settling);
    if (delivery === null) settling.resolve(outcome);
    else if (outcome === "complete") {
      this.#leaving--;
      delivery.settling = null;
      settling.resolve(outcome);
    } else {
      this.#leaving--;
      settling.resolve(outcome === "lost" ? this.#missed(delivery) : this.#end(delivery, outcome));
    }
  }

  /** Called by the settler. */
  failed({ delivery, reject }: Settling, error: unknown): void {
    if (delivery !== null) {
      this.#leaving--;
      delivery.settling = null;
      delivery.inDoubt ||= verdictOf(error) === "unknown";
    }
    reject(brokerFailure(error, this.#options.label));
  }

  #missed(delivery: RedisDelivery): ClaimOutcome {
    this.#options.missed();
    return this.#end(delivery, "lost");
  }

  #end(delivery: RedisDelivery, outcome: ClaimOutcome): ClaimOutcome {
    delivery.outcome ??= outcome;
    this.#held.delete(delivery.n);
    return delivery.outcome;
  }

  #hold(n: number, place: ClaimPlace, read: ReadEnvelope): RedisDelivery {
    const delivery = new RedisDelivery(n, place, read, this);
    this.#held.set(n, delivery);
    return delivery;
  }

  /** Kept, because a key made anew for each settlement would cost as much as settling it. */
  #placeOf(list: string): ClaimPlace {
    const known = this.#places.get(list);
    if (known !== undefined) return known;
    const place = Object.freeze({ list, queue: queueOfList(list), claimsKey: claimsKey(list, this.#openDesk().incarnation) });
    this.#places.set(list, place);
    return place;
  }

  async #refuse(n: number, place: ClaimPlace, reason: string): Promise<void> {
    const delivery = this.#hold(n, place, { envelope: wrapUnreadable(new Uint8Array()), redelivered: false });
    try {
      const outcome = await delivery.settle({ results: [], publish: [], then: { kind: "deadLetter", reason } });
      if (outcome === "settled") this.#options.listener.deadLettered({ queue: place.queue, reason });
    } catch (error) {
      // Its claim stands. Not held here, it is found as unknown after a reconnect; until then it is tried again.
      this.#held.delete(n);
      const desk = this.#desk;
      if (desk === null || !desk.connection.isOpen) return;
      this.#options.logger.warn("A message that cannot be read could not be dead-lettered; tried again", { reason: reasonOf(error) });
      await this.#options.clock.sleep(refusalWaitMs, undefined, { background: true });
      if (this.#desk === desk) await this.#refuse(n, place, reason);
    }
  }

  #openDesk(): Desk {
    if (this.#desk === null) throw this.#notConnected();
    return this.#desk;
  }

  #notConnected(): BrokerError {
    return new BrokerError("BROKER_UNREACHABLE", `Redis at ${this.#options.label} is not connected; the claim stands`);
  }
}

/** A settlement of the driver's own. */
function settleAgain(settlement: ClaimSettlement, desk: Desk): Promise<SettleOutcome> {
  return new Promise((resolve, reject) => desk.settler.settle({ ...settlement, delivery: null, resolve, reject }));
}

/** The answer to a settlement that comes after the end: once `settled` if the first one's answer got lost, else `lost`. */
function concluded(delivery: RedisDelivery): ClaimOutcome {
  if (delivery.outcome !== "settled" || !delivery.inDoubt) return "lost";
  delivery.inDoubt = false;
  return "settled";
}
