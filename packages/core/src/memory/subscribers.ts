/** Who listens to which live exchange of a space. What is told is heard when the teller's turn is over, in order. */
import type { Envelope } from "../envelope.ts";

type Heard = (envelope: Envelope, routingKey: string) => void;

export class Subscribers {
  readonly #byExchange = new Map<string, Set<Heard>>();

  tell(exchange: string, routingKey: string, envelope: Envelope): void {
    for (const heard of this.#byExchange.get(exchange) ?? []) {
      setImmediate(() => {
        if (this.#byExchange.get(exchange)?.has(heard) === true) heard(envelope, routingKey);
      });
    }
  }

  /** Listens until the returned function is called. */
  add(exchange: string, listener: Heard): () => void {
    // A function of its own: the same listener may subscribe twice.
    const heard: Heard = (envelope, routingKey) => listener(envelope, routingKey);
    const all = this.#byExchange.get(exchange) ?? new Set();
    this.#byExchange.set(exchange, all.add(heard));
    return () => {
      all.delete(heard);
      if (all.size === 0 && this.#byExchange.get(exchange) === all) this.#byExchange.delete(exchange);
    };
  }
}
