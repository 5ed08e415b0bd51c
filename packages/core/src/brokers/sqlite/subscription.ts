/** One subscription to a live exchange, through as many I/O threads as it takes. */
import type { SubscribeOptions, Subscription } from "../../broker.ts";
import { reasonOf } from "../../errors.ts";
import type { Logger } from "../../logger.ts";
import { readEnvelope } from "../../sqlite/raw-envelope.ts";
import type { Store } from "../../sqlite/store.ts";

export interface SubscriptionParts {
  /** Waits for a store until there is one or the broker is closed. */
  store(): Promise<Store>;
  readonly logger: Logger;
  closed(subscription: Subscription): void;
}

/** Rejects with a StoreError. */
export async function openSubscription(
  exchange: string,
  { heard, resumed }: Pick<SubscribeOptions, "heard" | "resumed">,
  { store: openStore, logger, closed }: SubscriptionParts,
): Promise<Subscription> {
  let isClosed = false;
  let leave: () => Promise<void> = async () => {};

  async function listen(): Promise<void> {
    const store = await openStore();
    const left = await store.subscribe(exchange, hear);
    const forget = store.onLost(() => {
      listen().then(
        () => {
          if (!isClosed) resumed?.();
        },
        (error) => {
          if (!isClosed) logger.warn("The SQLite file is not listened to any more", { exchange, reason: reasonOf(error) });
        },
      );
    });
    leave = async () => {
      forget();
      // Closed meanwhile: then nothing is heard any more.
      await left().catch((error) => logger.debug("A subscription was over already", { exchange, reason: reasonOf(error) }));
    };
    if (isClosed) await leave();
  }

  function hear(routingKey: string, raw: Uint8Array): void {
    if (isClosed) return;
    try {
      heard(readEnvelope(raw), routingKey);
    } catch (error) {
      logger.warn("What was told in the SQLite file is no message", { exchange, reason: reasonOf(error) });
    }
  }

  await listen();
  const subscription: Subscription = {
    async close() {
      if (isClosed) return;
      isClosed = true;
      closed(subscription);
      await leave();
    },
  };
  return subscription;
}
