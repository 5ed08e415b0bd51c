/** One life of a consumption: a channel, what feeds on it, and what is known to exist on its connection. It ends with the channel; the consumer begins another. */
import type { ConsumeMessage } from "amqplib";
import type { Link } from "../../amqp/link.ts";
import type { Clock } from "../../clock.ts";
import type { ConsumedQueues } from "../../consumed-queues.ts";
import { reasonOf } from "../../errors.ts";
import type { Logger } from "../../logger.ts";
import type { QueueDeclaration } from "../../queue-table.ts";
import { type ClaimChannel, createClaimChannel } from "./claim-channel.ts";
import type { Claim } from "./delivery.ts";
import { createReadAhead, type ReadAhead } from "./read-ahead.ts";
import { createTopology, type Topology, type TopologyOptions } from "./topology.ts";

export interface Life {
  readonly link: Link;
  readonly claims: ClaimChannel;
  readonly readAhead: ReadAhead;
  readonly topology: Topology;
}

export interface LifeOptions {
  readonly topology: Omit<TopologyOptions, "queues">;
  readonly consumed: ConsumedQueues;
  /** of the worker, for people who look into the broker */
  readonly name: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Aborts when nothing is to be consumed any more. */
  readonly signal: AbortSignal;
  /** false: this life is over */
  isPresent(life: Life): boolean;
  received(queue: string, message: ConsumeMessage, claim: Claim): void;
  failed(error: unknown): void;
}

/** Its queues exist, and are not consumed yet. Rejects as the connection does. */
export async function openLife(link: Link, options: LifeOptions): Promise<Life> {
  const { consumed, received, failed } = options;
  const topology = createTopology(link, { ...options.topology, queues: consumed.table });
  await Promise.all(consumed.queues.map((queue) => topology.queue(queue)));
  const claims = createClaimChannel(await link.openChannel());
  const readAhead: ReadAhead = createReadAhead({
    channel: claims.channel,
    name: shortened(options.name),
    onMessage(feed, message) {
      const tag = message.fields.deliveryTag;
      claims.hold(tag);
      received(feed.queue, message, { channel: claims, tag, release: () => readAhead.release(feed) });
    },
    onCancelled: (queue) => void restoreQueue(life, queue, options),
    onFailure: failed,
  });
  const life: Life = { link, claims, readAhead, topology };
  return life;
}

/** Waits between attempts to restore a queue, ms. */
const firstWaitMs = 100;
const longestWaitMs = 2_000;

/** Consumes a queue again that somebody deleted, when it is there again. Never rejects. */
async function restoreQueue(life: Life, queue: string, { clock, logger, signal, isPresent, consumed }: LifeOptions): Promise<void> {
  for (let waitMs = firstWaitMs; isPresent(life); waitMs = Math.min(longestWaitMs, waitMs * 2)) {
    await clock.sleep(waitMs, signal);
    if (signal.aborted || !consumed.consumes(queue)) return;
    try {
      life.topology.forget(queue);
      await life.topology.queue(queue);
      return await life.readAhead.restore();
    } catch (error) {
      logger.warn("A queue that was deleted could not be declared anew; trying on", { queue, reason: reasonOf(error) });
    }
  }
}

/** Nobody else will ever consume them; what fails here is what x-expires is for. */
export async function deleteCopies({ link }: Life, declarations: readonly QueueDeclaration[]): Promise<void> {
  const copies = declarations.filter(({ kind }) => kind === "copy");
  await Promise.allSettled(copies.map(({ name }) => link.aside((channel) => channel.deleteQueue(name))));
}

/** A tag has room for 255 bytes, and what makes it unique is still to come. */
function shortened(name: string): string {
  return Buffer.from(name).subarray(0, 200).toString();
}
