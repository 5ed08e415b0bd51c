/** Which queues the exchanges of a space feed. */
import { type ExchangeBinding, ledQueues, refuseOtherType } from "../exchange.ts";

export class Bindings {
  readonly #byExchange = new Map<string, ExchangeBinding[]>();

  /** Bound before: nothing changes. Throws BROKER_REFUSED when the exchange is there with another type. */
  add(binding: ExchangeBinding): void {
    const bound = this.#byExchange.get(binding.exchange) ?? [];
    refuseOtherType(binding, bound);
    if (bound.some(({ routingKey, queue }) => routingKey === binding.routingKey && queue === binding.queue)) return;
    this.#byExchange.set(binding.exchange, [...bound, binding]);
  }

  all(): readonly ExchangeBinding[] {
    return [...this.#byExchange.values()].flat();
  }

  remove({ exchange, queue }: ExchangeBinding): void {
    const left = (this.#byExchange.get(exchange) ?? []).filter((bound) => bound.queue !== queue);
    if (left.length === 0) this.#byExchange.delete(exchange);
    else this.#byExchange.set(exchange, left);
  }

  /** The queues that get a message, each once. Throws PUBLISH_UNROUTABLE. */
  lead(exchange: string, routingKey: string): readonly string[] {
    return ledQueues(this.#byExchange.get(exchange) ?? [], exchange, routingKey);
  }
}
