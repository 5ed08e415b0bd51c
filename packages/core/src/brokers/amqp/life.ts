/** One life of a consumption: a channel, what feeds on it, and what is known to exist on its connection. It ends with the channel; the consumer begins another. */
import type { ConsumeMessage } from "amqplib";
import type { Link } from "../../amqp/link.ts";
import type { ConsumedQueues } from "../../consumed-queues.ts";
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
  received(queue: string, message: ConsumeMessage, claim: Claim): void;
  /** The broker itself ended the consumption of a queue. */
  cancelled(queue: string): void;
  failed(error: unknown): void;
}

/** Its queues exist, and are not consumed yet. Rejects as the connection does. */
export async function openLife(link: Link, options: LifeOptions): Promise<Life> {
  const { consumed, received, cancelled, failed } = options;
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
    onCancelled: cancelled,
    onFailure: failed,
  });
  return { link, claims, readAhead, topology };
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
