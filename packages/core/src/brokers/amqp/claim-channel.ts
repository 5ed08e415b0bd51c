/**
 * One life of a consuming channel: its delivery tags are claims that end with it. Acknowledgements of an event-loop turn are sent together, one
 * with `multiple` up to the highest tag below which nothing is open, single ones for the stragglers.
 */
import type { Channel } from "amqplib";
import type { ClaimOutcome } from "../../broker.ts";

export interface ClaimChannel {
  readonly channel: Channel;
  /** false once the channel has ended or is being closed: the broker takes back every claim. */
  readonly alive: boolean;
  /** Notes a delivery that arrived. */
  hold(tag: number): void;
  /** Acknowledges at the end of this turn. `lost` when the channel ended before. */
  acknowledge(tag: number): Promise<ClaimOutcome>;
  /** Gives it back to the head of its queue, at once. */
  giveBack(tag: number): ClaimOutcome;
  /** Sends what is due, then closes the channel; what is open then goes back to its queue. Never rejects. */
  close(): Promise<void>;
}

interface Batch {
  readonly tags: Set<number>;
  readonly outcome: Promise<ClaimOutcome>;
  readonly resolve: (outcome: ClaimOutcome) => void;
}

export function createClaimChannel(channel: Channel): ClaimChannel {
  /** in the order of arrival, which is the order of tags */
  const open = new Set<number>();
  let alive = true;
  let batch: Batch | null = null;

  channel.on("close", () => {
    alive = false;
    flush();
  });

  function flush(): void {
    const due = batch;
    if (due === null) return;
    batch = null;
    if (!alive) {
      due.resolve("lost");
      return;
    }
    let contiguous = 0;
    for (const tag of open) {
      if (!due.tags.delete(tag)) break;
      open.delete(tag);
      contiguous = tag;
    }
    if (contiguous > 0) channel.ack(reference(contiguous), true);
    for (const tag of due.tags) {
      open.delete(tag);
      channel.ack(reference(tag), false);
    }
    due.resolve("settled");
  }

  return {
    channel,
    get alive() {
      return alive;
    },
    hold: (tag) => void open.add(tag),
    acknowledge(tag) {
      if (!alive) return Promise.resolve("lost");
      if (batch === null) {
        batch = openBatch();
        setImmediate(flush);
      }
      batch.tags.add(tag);
      return batch.outcome;
    },
    giveBack(tag) {
      if (!alive) return "lost";
      open.delete(tag);
      channel.nack(reference(tag), false, true);
      return "settled";
    },
    async close() {
      flush();
      if (!alive) return;
      // From here on the library throws at what is written.
      alive = false;
      await channel.close().catch(() => {});
    },
  };
}

function openBatch(): Batch {
  let resolve!: (outcome: ClaimOutcome) => void;
  const outcome = new Promise<ClaimOutcome>((settle) => {
    resolve = settle;
  });
  return { tags: new Set(), outcome, resolve };
}

/** What the library wants to see of a message it acknowledges. */
function reference(deliveryTag: number): Parameters<Channel["ack"]>[0] {
  return { fields: { deliveryTag } } as Parameters<Channel["ack"]>[0];
}
