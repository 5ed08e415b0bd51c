/** Who in the main thread hears what an I/O thread tells by itself: consumers, those who wait for results, those who listen to an exchange. */
import type { CeleriacError } from "../errors.ts";
import type { ClaimedMessage, Report } from "./operation.ts";

/** What a consumer is told; called synchronously. */
export interface ConsumerRoute {
  claimed(message: ClaimedMessage, raw: Uint8Array): void;
  fenced(): void;
  /** The file cannot be written for now (an error), or can again (null). */
  trouble(error: CeleriacError | null): void;
}

type Heard = (routingKey: string, raw: Uint8Array) => void;

export class ThreadListeners {
  readonly #consumers = new Map<number, ConsumerRoute>();
  readonly #results = new Map<string, Set<(text: string) => void>>();
  readonly #subscribers = new Map<number, Heard>();
  #nextSubscriber = 0;

  get isEmpty(): boolean {
    return this.#consumers.size === 0 && this.#results.size === 0 && this.#subscribers.size === 0;
  }

  addConsumer(consumer: number, route: ConsumerRoute): void {
    this.#consumers.set(consumer, route);
  }

  removeConsumer(consumer: number): void {
    this.#consumers.delete(consumer);
  }

  /** Gives what removes it again. */
  addResult(taskId: string, listener: (text: string) => void): () => void {
    const own = this.#results.get(taskId) ?? new Set();
    own.add(listener);
    this.#results.set(taskId, own);
    return () => {
      own.delete(listener);
      if (own.size === 0 && this.#results.get(taskId) === own) this.#results.delete(taskId);
    };
  }

  /** Gives its number. */
  addSubscriber(heard: Heard): number {
    const subscriber = this.#nextSubscriber++;
    this.#subscribers.set(subscriber, heard);
    return subscriber;
  }

  /** false: it was gone already */
  removeSubscriber(subscriber: number): boolean {
    return this.#subscribers.delete(subscriber);
  }

  claimed({ messages, raw }: Extract<Report, { kind: "claimed" }>): void {
    let offset = 0;
    for (const message of messages) {
      this.#consumers.get(message.consumer)?.claimed(message, raw.subarray(offset, offset + message.size));
      offset += message.size;
    }
  }

  results({ changes }: Extract<Report, { kind: "results" }>): void {
    for (const [taskId, text] of changes) for (const listener of [...(this.#results.get(taskId) ?? [])]) listener(text);
  }

  heard({ messages }: Extract<Report, { kind: "heard" }>): void {
    for (const { subscriber, routingKey, raw } of messages) this.#subscribers.get(subscriber)?.(routingKey, raw);
  }

  fenced(consumer: number): void {
    const route = this.#consumers.get(consumer);
    this.#consumers.delete(consumer);
    route?.fenced();
  }

  trouble(error: CeleriacError | null): void {
    for (const route of [...this.#consumers.values()]) route.trouble(error);
  }

  /** The thread is gone. Those who wait for results take their listeners away themselves. */
  end(): void {
    this.#consumers.clear();
    this.#subscribers.clear();
  }
}
