/**
 * Other beats of the app whose schedules lie in another file: each would send everything once more. Who has a file, which one machine alone can reach,
 * tells so through the broker, which all of them share, and does not lead where another comes first.
 */
import {
  type AppRuntime,
  type Broker,
  BrokerError,
  CeleriacError,
  type Envelope,
  type LocalFile,
  type Logger,
  PublishError,
  reasonOf,
  type ScheduleStore,
  type Subscription,
} from "@celeriac/core/runtime";
import { isFirst, type Peer, peerExchange, readPeer, writePeer } from "./peer.ts";

export interface PeersParts {
  readonly runtime: Pick<AppRuntime, "name" | "clock" | "links">;
  readonly store: Pick<ScheduleStore, "local">;
  readonly logger: Logger;
  /** of this beat and of no other */
  readonly id: string;
  /** how often it is asked to look */
  readonly everyMs: number;
}

interface Heard {
  readonly peer: Peer;
  /** monotonic ms */
  readonly at: number;
}

const keptMs = 10_000;
/** Who was silent for so many of its times is gone. */
const mostMissed = 6;

export class Peers {
  readonly #parts: PeersParts;
  /** by id */
  readonly #heard = new Map<string, Heard>();
  #listening: Promise<Subscription | null> | null = null;
  #leadsSince: number | null = null;

  constructor(parts: PeersParts) {
    this.#parts = parts;
  }

  /** Before each look at the store. Throws BEAT_STORE_NOT_SHARED where another one comes first, and BROKER_* where who does not lead yet cannot be heard. */
  async look(leadsSince: number | null): Promise<void> {
    const { store, runtime, logger } = this.#parts;
    this.#leadsSince = leadsSince;
    const file = await store.local();
    if (file === null) return;
    const { broker } = await runtime.links();
    this.#listening ??= this.#listen(broker, file).catch((error: unknown) => {
      this.#listening = null;
      throw error;
    });
    await this.#listening;
    const telling = this.#tell(broker, file);
    // Who leads goes on while the broker is away.
    if (leadsSince === null) await telling;
    else telling.catch((error: unknown) => logger.debug("other beats were not told", { reason: reasonOf(error) }));
    this.#refuse(file);
  }

  async close(): Promise<void> {
    await (await this.#listening?.catch(() => null))?.close();
  }

  /** Resolves when those that are there have had the time to answer. */
  async #listen(broker: Broker, file: LocalFile): Promise<Subscription> {
    const { runtime, everyMs } = this.#parts;
    const subscription = await broker.subscribe(peerExchange, {
      queueName: (id) => `${peerExchange.name}.${id}`,
      messageTtlMs: keptMs,
      expiresMs: keptMs,
      heard: (envelope) => this.#hear(broker, file, envelope),
    });
    try {
      await this.#tell(broker, file);
      await runtime.clock.sleep(2 * everyMs);
      return subscription;
    } catch (error) {
      await subscription.close();
      throw error;
    }
  }

  async #tell(broker: Broker, file: LocalFile): Promise<void> {
    const { runtime, id, everyMs } = this.#parts;
    try {
      if (!broker.connected) await broker.connect();
      await broker.broadcast(peerExchange, "", writePeer({ app: runtime.name, id, ...file, leadsSince: this.#leadsSince, everyMs }));
    } catch (cause) {
      if (!PublishError.is(cause)) throw cause;
      throw new BrokerError("BROKER_UNREACHABLE", `Other beats could not be told of this one: ${reasonOf(cause)}`, { cause });
    }
  }

  #hear(broker: Broker, file: LocalFile, envelope: Envelope): void {
    const { runtime, logger } = this.#parts;
    const peer = readPeer(envelope);
    if (peer === null || peer.app !== runtime.name || peer.identity === file.identity) return;
    const isNew = !this.#heard.has(peer.id);
    this.#heard.set(peer.id, { peer, at: runtime.clock.monotonic() });
    if (!isNew) return;
    logger.warn("another beat keeps the schedule in another file", { host: peer.host, path: peer.path, leads: peer.leadsSince !== null });
    // It waits for an answer before it leads.
    void this.#tell(broker, file).catch((error: unknown) => logger.debug("other beats were not told", { reason: reasonOf(error) }));
  }

  #refuse({ path }: LocalFile): void {
    const { runtime, id } = this.#parts;
    for (const { peer, at } of [...this.#heard.values()]) {
      if (runtime.clock.monotonic() - at > mostMissed * peer.everyMs) this.#heard.delete(peer.id);
      else if (isFirst(peer, { id, leadsSince: this.#leadsSince }))
        throw new CeleriacError(
          "BEAT_STORE_NOT_SHARED",
          `This beat's schedule is in ${path}, and another one, on ${peer.host}, has its own in ${peer.path}: both would send everything. Keep it where both can reach it: set \`scheduleStore\`, or \`coordinator\`, to redis:// or db+postgresql://`,
        );
    }
  }
}
