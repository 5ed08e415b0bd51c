/** What a beat tells others of itself where its schedules lie in a file, and which of two comes first. Pure. */
import { hostname } from "node:os";
import { type Envelope, jsonSerializer, type LiveExchange, type LocalFile, liveEnvelope } from "@celeriac/core/runtime";

export interface Peer extends LocalFile {
  readonly app: string;
  /** of this beat and of no other */
  readonly id: string;
  readonly host: string;
  /** epoch ms; null: it does not lead */
  readonly leadsSince: number | null;
  /** how often it tells this */
  readonly everyMs: number;
}

export const peerExchange: LiveExchange = { name: "celeriac.beats", type: "fanout", durable: false };

export function writePeer(peer: Omit<Peer, "host">): Envelope {
  return liveEnvelope(jsonSerializer, jsonSerializer.write({ ...peer, host: hostname() }), {}, 1);
}

/** null: something else. */
export function readPeer({ body }: Pick<Envelope, "body">): Peer | null {
  try {
    const { app, id, host, path, identity, leadsSince, everyMs } = JSON.parse(new TextDecoder().decode(body)) as Partial<Peer>;
    const texts = [app, id, host, path, identity].every((each) => typeof each === "string");
    const numbers = typeof everyMs === "number" && (leadsSince === null || typeof leadsSince === "number");
    return texts && numbers ? ({ app, id, host, path, identity, leadsSince, everyMs } as Peer) : null;
  } catch {
    return null;
  }
}

/** Who leads comes first, of two that do who has led for longer; else the ids decide, which all see alike. */
export function isFirst(one: Pick<Peer, "id" | "leadsSince">, other: Pick<Peer, "id" | "leadsSince">): boolean {
  const [since, otherSince] = [one.leadsSince ?? Number.POSITIVE_INFINITY, other.leadsSince ?? Number.POSITIVE_INFINITY];
  return since === otherSince ? one.id < other.id : since < otherSince;
}
