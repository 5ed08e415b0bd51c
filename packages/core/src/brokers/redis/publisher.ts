/** Publishes: what callers ask within one turn of the event loop leaves as one command per list, and is confirmed by its reply. */
import type { Passage, Publication } from "../../broker.ts";
import type { Clock } from "../../clock.ts";
import { PublishError, reasonOf } from "../../errors.ts";
import type { RedisConnection } from "../../redis/connection.ts";
import { brokerFailure, isReply, verdictOf } from "../../redis/failure.ts";
import type { RedisLink } from "../../redis/link.ts";
import { boundMembers } from "./bindings.ts";
import { channelOf, type Exchanges, encodePublication, type Placement, place, routedQueues } from "./publication-route.ts";
import { put } from "./put.ts";

/** Most bytes (roughly) and messages of one command: more would hold up other commands of this connection. */
const batchBytes = 1_000_000;
const batchMessages = 500;

interface Waiting {
  readonly placement: Placement;
  resolve(): void;
  reject(error: unknown): void;
}

export interface Publisher {
  publish(publication: Publication, passage?: Passage): Promise<void>;
  /** Resolves when everything asked for so far is confirmed or rejected. */
  flush(): Promise<void>;
}

export interface PublisherParts {
  readonly link: RedisLink;
  /** of the server, for messages */
  readonly label: string;
  readonly clock: Clock;
  readonly exchanges: Exchanges;
  /** Confirmed when a replica has it, too, which may take so long; null: when the primary has it. */
  readonly replicaLimitMs: number | null;
}

export function createPublisher({ link, label, clock, exchanges, replicaLimitMs }: PublisherParts): Publisher {
  let turn: Waiting[] | null = null;
  const underWay = new Set<Promise<unknown>>();
  const declared = new WeakMap<RedisConnection, Set<string>>();

  function track<T>(work: Promise<T>): Promise<T> {
    underWay.add(work);
    const forget = () => underWay.delete(work);
    work.then(forget, forget);
    return work;
  }

  function enqueue(placement: Placement): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      if (turn === null) {
        turn = [];
        // One alone leaves at once; while answers are awaited others are likely to share its command.
        if (underWay.size === 0) process.nextTick(sendTurn);
        else setImmediate(sendTurn);
      }
      turn.push({ placement, resolve, reject });
    });
  }

  function sendTurn(): void {
    const waiting = turn ?? [];
    turn = null;
    const connection = link.current;
    if (connection === null) {
      for (const each of waiting) each.reject(notConnected(label));
      return;
    }
    for (const { placement } of waiting) if (placement.named !== null) declare(connection, placement.named);
    for (const batch of batches(waiting)) void track(send(connection, batch));
  }

  /** Bindings are how a Python process knows which queues there are; the answer decides nothing. */
  function declare(connection: RedisConnection, queue: string): void {
    const known = declared.get(connection) ?? new Set();
    if (known.has(queue)) return;
    declared.set(connection, known.add(queue));
    for (const { key, member } of boundMembers(exchanges.queues.declaration(queue)))
      connection.call("SADD", key, member).catch(() => known.delete(queue));
  }

  async function send(connection: RedisConnection, batch: readonly Waiting[]): Promise<void> {
    try {
      const placements = batch.map(({ placement }) => placement);
      const server = connection.serverOf((placements[0] as Placement).list);
      const [, replicas] = await Promise.all([
        put(placements, connection),
        replicaLimitMs === null ? 1 : server.call("WAIT", 1, replicaLimitMs),
      ]);
      if (replicas === 0) throw unreplicated(label, replicaLimitMs);
      for (const each of batch) each.resolve();
    } catch (error) {
      const failure = PublishError.is(error) ? error : publishFailure(error, label);
      for (const each of batch) each.reject(failure);
    }
  }

  async function publishRouted(connection: RedisConnection, publication: Publication): Promise<void> {
    const channel = channelOf(publication, exchanges);
    if (channel !== null) return await tell(connection, channel, publication);
    const queues = await routedQueues(publication, connection, exchanges).catch((error) => {
      throw PublishError.is(error) ? error : rejected(error, label);
    });
    const sent = await Promise.allSettled(queues.map((queue) => enqueue(place(publication, queue, clock.now()))));
    const refusal = sent.find((each) => each.status === "rejected")?.reason;
    if (refusal === undefined) return;
    throw sent.some(({ status }) => status === "fulfilled") ? partlyTaken(refusal) : refusal;
  }

  /** Told to nobody is as lost as without a queue. */
  async function tell(connection: RedisConnection, channel: string, publication: Publication): Promise<void> {
    const raw = encodePublication(publication);
    const heard = await connection.call("PUBLISH", channel, raw).catch((error: unknown) => {
      throw publishFailure(error, label);
    });
    if (heard === 0) throw new PublishError("PUBLISH_UNROUTABLE", `Nobody listens to the fanout exchange ${publication.route.exchange}`);
  }

  return {
    async publish(publication, passage) {
      if (link.current === null) throw notConnected(label);
      const placement = publication.route.exchange === "" ? place(publication, publication.route.routingKey, clock.now()) : null;
      if (passage?.depart !== undefined) await passage.depart();
      if (placement !== null) return await enqueue(placement);
      if (link.current === null) throw notConnected(label);
      await track(publishRouted(link.current, publication));
    },
    async flush() {
      if (turn !== null) sendTurn();
      while (underWay.size > 0) await Promise.allSettled(underWay);
    },
  };
}

/** In order; what may share a command with those before it in its list does. */
function batches(waiting: readonly Waiting[]): readonly (readonly Waiting[])[] {
  const all: Waiting[][] = [];
  const open = new Map<string, { batch: Waiting[]; bytes: number; isGuarded: boolean }>();
  for (const each of waiting) {
    const { list, raw, isGuarded, parked } = each.placement;
    const last = open.get(list);
    if (parked !== null) {
      open.delete(list);
      all.push([each]);
    } else if (last?.isGuarded === isGuarded && last.bytes < batchBytes && last.batch.length < batchMessages) {
      last.batch.push(each);
      last.bytes += raw.length;
    } else {
      const batch = [each];
      all.push(batch);
      open.set(list, { batch, bytes: raw.length, isGuarded });
    }
  }
  return all;
}

export function notConnected(label: string): PublishError {
  return new PublishError("PUBLISH_REJECTED", `Redis at ${label} is not connected`, { retryable: true });
}

function rejected(error: unknown, label: string): PublishError {
  // What the server says of its own state may pass; what it says of the command will not.
  const retryable =
    !isReply(error) || /^(?:OOM|READONLY|LOADING|MASTERDOWN|BUSY|MISCONF|NOREPLICAS|CLUSTERDOWN|TRYAGAIN)\b/.test(error.message);
  return new PublishError("PUBLISH_REJECTED", `The broker does not have the task: ${brokerFailure(error, label).message}`, {
    retryable,
    cause: error,
  });
}

/** Several queues were to have it: repeated, it would be there twice. */
function partlyTaken(cause: unknown): PublishError {
  return new PublishError("PUBLISH_UNCERTAIN", `Some of the queues have the task, others do not: ${reasonOf(cause)}`, { cause });
}

/** What the primary has may be lost with it. */
function unreplicated(label: string, limitMs: number | null): PublishError {
  return new PublishError(
    "PUBLISH_UNCERTAIN",
    `The broker may have the task: Redis at ${label} has it, but no replica within ${limitMs} ms (publishDurability is replica)`,
  );
}

export function publishFailure(error: unknown, label: string): PublishError {
  if (verdictOf(error) !== "unknown") return rejected(error, label);
  return new PublishError(
    "PUBLISH_UNCERTAIN",
    `The broker may have the task: the connection to Redis at ${label} broke (${reasonOf(error)})`,
    { cause: error },
  );
}
