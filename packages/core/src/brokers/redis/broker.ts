/**
 * The broker on Redis: kombu's lists and envelopes towards Python, claims of our own between our workers. Publishing has a
 * connection, each consumer two.
 */
import type { Broker, ChordEnd } from "../../broker.ts";
import type { DriverContext } from "../../driver.ts";
import { BrokerError, PublishError } from "../../errors.ts";
import { pausingTasks } from "../../pauses.ts";
import { plainQueues, type QueueTable } from "../../queue-table.ts";
import { asking } from "../../redis/ask.ts";
import { chordKey, openChordsKey } from "../../redis/chord-keys.ts";
import { brokerFailure } from "../../redis/failure.ts";
import { createLink } from "../../redis/link.ts";
import { redisFacts } from "../../redis/server-facts.ts";
import { isRedisUrl, isSameServer, parseRedisUrl, type RedisAccess } from "../../redis/url.ts";
import { boundMembers } from "./bindings.ts";
import { createBroadcasts } from "./broadcasts.ts";
import { RedisConsumer } from "./consumer.ts";
import type { Exchanges } from "./publication-route.ts";
import { createPublisher, notConnected, publishFailure } from "./publisher.ts";
import { createPauses, createQueues } from "./queues.ts";
import { scripts } from "./scripts.ts";
import { checkServer } from "./server-check.ts";
import { planChordEnd } from "./settlement-plan.ts";
import { type RedisTiming, redisTiming } from "./timing.ts";

/** A replica may take so much of the time after which a server that owes an answer is taken for gone. */
const replicaShare = 0.6;

export interface RedisBrokerOptions {
  /** Where results go; on the same server they are settled together with the claim. */
  readonly resultUrl: string | null;
  /** How queues are bound; every name is a queue of its own unless told. */
  readonly queues?: QueueTable;
  /** what settings say of the connections, here and there */
  readonly access?: RedisAccess;
  readonly resultAccess?: RedisAccess;
  /** "replica": a publication is confirmed when a replica has it as well */
  readonly publishDurability?: "primary" | "replica";
  /** Shorter times for tests; a fleet must agree on them. */
  readonly timing?: Partial<RedisTiming>;
}

/** Throws CONFIG_URL. Connects nothing yet. */
export function createRedisBroker(url: string, context: DriverContext, options: RedisBrokerOptions): Broker {
  const target = parseRedisUrl(url, options.access, context.credentials);
  const timing = { ...redisTiming(), ...options.timing };
  const { resultUrl } = options;
  const results = resultUrl !== null && isRedisUrl(resultUrl) ? parseRedisUrl(resultUrl, options.resultAccess) : null;
  // credentials() may name a user for each URL, whatever stands in them.
  const mayBeOthers = context.credentials !== null && resultUrl !== url;
  // On a cluster a result lies with another node than the claim.
  const isApart = results === null || mayBeOthers || "nodes" in target.place;
  const settlesResults = !isApart && isSameServer(results, target);
  const link = createLink(target, {
    clock: context.clock,
    name: "celeriac:publish",
    holdsProcess: false,
    silentMs: timing.silentMs,
    prepare: (connection) => checkServer(connection, target, context),
    closed: () => new BrokerError("BROKER_CLOSED", `The broker on Redis at ${target.label} was closed`),
  });
  const queueTable = options.queues ?? plainQueues;
  const exchanges: Exchanges = { queues: queueTable, db: target.db, logger: context.logger };
  const publisher = createPublisher({
    link,
    label: target.label,
    clock: context.clock,
    exchanges,
    replicaLimitMs: options.publishDurability === "replica" ? Math.floor(timing.silentMs * replicaShare) : null,
  });
  const broadcasts = createBroadcasts({ link, target, context, silentMs: timing.silentMs });
  const consumers = new Set<RedisConsumer>();

  const ask = asking(link, (error) => brokerFailure(error, target.label));
  const pauses = createPauses(ask);
  const resultsDb = settlesResults && results.db !== target.db ? String(results.db) : "";

  async function closeChord(chordId: string, end: ChordEnd): Promise<boolean> {
    const connection = link.current;
    if (connection === null) throw notConnected(target.label);
    try {
      const operations = await planChordEnd(end, { connection, clock: context.clock, exchanges });
      const args = [resultsDb, String(target.db), chordId, chordKey(chordId, false), operations.length, ...operations.flat()];
      return (await connection.run(scripts.closeChord, [openChordsKey], args)) === 1;
    } catch (error) {
      throw PublishError.is(error) ? error : publishFailure(error, target.label);
    }
  }

  return {
    settlesResults,
    // A Python worker looks into the list only: what is due later lies there too, and is parked by the worker of ours that finds it.
    parksOnPublish: false,
    tellsPauses: true,
    get connected() {
      return link.current !== null;
    },
    connect: () => ask(async () => {}),
    publish: publisher.publish,
    ...(settlesResults ? { closeChord } : {}),
    declare: (queue) =>
      ask(async (connection) => {
        for (const { key, member } of boundMembers(queueTable.declaration(queue))) await connection.call("SADD", key, member);
      }),
    queues: createQueues(ask, context.clock, pauses),
    pausedTasks: pausingTasks(pauses),
    broadcast: broadcasts.broadcast,
    subscribe: broadcasts.subscribe,
    health: () => ask(async ({ servers }) => void (await Promise.all(servers.map((server) => server.call("PING"))))),
    facts: () => ask((connection) => redisFacts(connection, context.clock)),
    async consume(queues, consumeOptions) {
      const consumer = new RedisConsumer({
        ...consumeOptions,
        target,
        context,
        timing,
        queues,
        queueTable,
        resultsDb,
      });
      await ask(() => consumer.start());
      consumers.add(consumer);
      return consumer;
    },
    async close() {
      await Promise.all([broadcasts, ...consumers].map((each) => each.close()));
      await publisher.flush();
      link.close();
    },
  };
}
