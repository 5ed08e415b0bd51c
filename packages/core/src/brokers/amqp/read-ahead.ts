/**
 * How much one consuming channel is sent unasked. `basic.qos` does not change a running consumer, so a queue has a stack of consumers with a
 * prefetch of their own, whose sum is the read-ahead: raising it adds one, lowering it cancels from the top. Several queues share a limit of the
 * channel, which can be changed: with limits of their own, a busy queue could not use what an idle one leaves.
 */
import type { Channel, ConsumeMessage } from "amqplib";

/** One consumer of a queue. What it was sent before it was cancelled stays claimed, and counts until it is settled. */
export interface Feed {
  readonly queue: string;
}

export interface ReadAhead {
  /** Brings every queue to `target` (0 = consume nothing). Resolves when the broker has agreed; rejects when the channel ends first. */
  setTarget(target: number): Promise<void>;
  /**
   * Consumes these from now on, and no others. `mayLimitChannel`: several queues may share a limit of the channel. Quorum queues refuse it: then
   * each queue gets its share. Resolves and rejects as `setTarget`.
   */
  setQueues(queues: readonly string[], mayLimitChannel: boolean): Promise<void>;
  /** Consumes none of these queues until told otherwise, and all others. Resolves and rejects as `setTarget`. */
  setPaused(queues: ReadonlySet<string>): Promise<void>;
  /** A message that came by `feed` is no longer claimed. */
  release(feed: Feed): void;
  /** After the broker had cancelled consumers of a queue that was deleted and is there again. */
  restore(): Promise<void>;
}

export interface ReadAheadOptions {
  readonly channel: Channel;
  /** prefix of the consumer tags, for people who look into the broker */
  readonly name: string;
  onMessage(feed: Feed, message: ConsumeMessage): void;
  /** The broker itself ended a consumer: its queue was deleted, or lost its node. */
  onCancelled(queue: string): void;
  /** A change made on the way, after a release, failed: the channel has ended or will. */
  onFailure(error: unknown): void;
}

interface OpenFeed extends Feed {
  readonly tag: string;
  readonly prefetch: number;
  held: number;
  cancelled: boolean;
}

interface Lane {
  readonly queue: string;
  /** false: nothing is consumed of it any more, but claims may be left */
  isWanted: boolean;
  readonly stack: OpenFeed[];
  /** claims that came by feeds that are cancelled */
  left: number;
}

/** More consumers than this on one queue are merged. */
const mostFeeds = 8;
/** Longer than any task: the broker's own limit (30 min) would take a running task's claim away. Brokers before 3.12 ignore it. */
const consumerTimeoutMs = 30 * 24 * 3_600_000;

export function createReadAhead(options: ReadAheadOptions): ReadAhead {
  const { channel } = options;
  const lanes = new Map<string, Lane>();
  let mayLimitChannel = false;
  let limitsChannel = false;
  let target = 0;
  let paused: ReadonlySet<string> = new Set();
  let channelLimit = 0;
  let count = 0;
  let work: Promise<void> = Promise.resolve();
  let scheduled = false;

  function assign(queues: readonly string[]): void {
    for (const lane of lanes.values()) lane.isWanted = queues.includes(lane.queue);
    for (const queue of queues) if (!lanes.has(queue)) lanes.set(queue, { queue, isWanted: true, stack: [], left: 0 });
  }

  /** One change at a time; each sees the target as it is then. */
  function change(): Promise<void> {
    work = work.catch(() => {}).then(apply);
    return work;
  }

  async function apply(): Promise<void> {
    await chooseLimits();
    if (limitsChannel) await applyToChannel();
    else for (const lane of lanes.values()) await applyTo(lane, shareOf(lane));
  }

  function wantedLanes(): number {
    let count = 0;
    for (const { isWanted } of lanes.values()) if (isWanted) count += 1;
    return count;
  }

  /** Consumers of one kind and of the other would not keep to the same limit: they are all begun anew. */
  async function chooseLimits(): Promise<void> {
    const limits = mayLimitChannel && wantedLanes() > 1;
    if (limits === limitsChannel) return;
    for (const lane of lanes.values()) while (lane.stack.length > 0) await cancelTop(lane);
    await channel.prefetch(0, limitsChannel);
    channelLimit = 0;
    limitsChannel = limits;
  }

  /** A prefetch of a consumer's own would end the channel's limit, so these have none. */
  async function applyToChannel(): Promise<void> {
    if (target > 0 && channelLimit !== target) {
      await channel.prefetch(target, true);
      channelLimit = target;
    }
    for (const lane of lanes.values()) {
      const wants = target > 0 && isOpen(lane);
      if (!wants && lane.stack.length > 0) await cancelTop(lane);
      if (wants && lane.stack.length === 0) await addFeed(lane, 0);
    }
  }

  function isOpen({ queue, isWanted }: Lane): boolean {
    return isWanted && !paused.has(queue);
  }

  function shareOf(lane: Lane): number {
    return target === 0 || !isOpen(lane) ? 0 : Math.max(1, Math.floor(target / wantedLanes()));
  }

  async function applyTo(lane: Lane, wanted: number): Promise<void> {
    while (prefetchOf(lane) > wanted) await cancelTop(lane);
    if (missingIn(lane, wanted) === 0) return;
    if (lane.stack.length >= mostFeeds) while (lane.stack.length > 1) await cancelTop(lane);
    const prefetch = missingIn(lane, wanted);
    if (prefetch > 0) await addFeed(lane, prefetch);
  }

  async function addFeed(lane: Lane, prefetch: number): Promise<void> {
    count += 1;
    const feed: OpenFeed = { queue: lane.queue, tag: `${options.name}.${count}`, prefetch, held: 0, cancelled: false };
    if (!limitsChannel) await channel.prefetch(prefetch, false);
    lane.stack.push(feed);
    await channel.consume(lane.queue, (message) => receive(lane, feed, message), {
      consumerTag: feed.tag,
      arguments: { "x-consumer-timeout": consumerTimeoutMs },
    });
  }

  function receive(lane: Lane, feed: OpenFeed, message: ConsumeMessage | null): void {
    if (message !== null) {
      if (feed.cancelled) lane.left += 1;
      else feed.held += 1;
      options.onMessage(feed, message);
      return;
    }
    drop(lane, feed);
    options.onCancelled(lane.queue);
  }

  async function cancelTop(lane: Lane): Promise<void> {
    const feed = lane.stack.at(-1)!;
    drop(lane, feed);
    await channel.cancel(feed.tag);
  }

  function drop(lane: Lane, feed: OpenFeed): void {
    if (feed.cancelled) return;
    feed.cancelled = true;
    lane.stack.splice(lane.stack.indexOf(feed), 1);
    lane.left += feed.held;
  }

  return {
    setQueues(queues, mayLimit) {
      assign(queues);
      mayLimitChannel = mayLimit;
      return change();
    },
    setTarget(next) {
      target = next;
      return change();
    },
    setPaused(queues) {
      paused = queues;
      return change();
    },
    release(released) {
      const feed = released as OpenFeed;
      if (!feed.cancelled) {
        feed.held -= 1;
        return;
      }
      const lane = lanes.get(feed.queue)!;
      lane.left -= 1;
      if (limitsChannel || scheduled || missingIn(lane, shareOf(lane)) === 0) return;
      scheduled = true;
      setImmediate(() => {
        scheduled = false;
        change().catch(options.onFailure);
      });
    },
    restore: change,
  };
}

function prefetchOf(lane: Lane): number {
  return lane.stack.reduce((sum, { prefetch }) => sum + prefetch, 0);
}

/** What another consumer should be sent; 0 while claims of cancelled ones would make too many, and while it is not worth another consumer. */
function missingIn(lane: Lane, wanted: number): number {
  const missing = wanted - prefetchOf(lane) - lane.left;
  const worth = lane.left === 0 || lane.stack.length === 0 || missing >= wanted / 4;
  return missing > 0 && worth ? missing : 0;
}
