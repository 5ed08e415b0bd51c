/** The register of workers: an incarnation is made known, beats, and is taken off. Each step is one script. */
import { randomBytes } from "node:crypto";
import type { RedisConnection } from "../../redis/connection.ts";
import { claimsKey, deadKey, pulsesKey, registeredListsKey, sweeperKey } from "./keys.ts";
import { scripts } from "./scripts.ts";

/** A new id, never used before or again; the worker's name is in it for people who look into the server. */
export function newIncarnation(worker: string): string {
  return `${worker}:${randomBytes(9).toString("base64url")}`;
}

export interface Registration {
  readonly incarnation: string;
  /** Grows with each session: a claim that an earlier session sent, and that arrives late, is refused. */
  readonly sessionNumber: number;
  readonly lists: readonly string[];
}

/** false: it was declared dead. */
export async function register(connection: RedisConnection, { incarnation, sessionNumber, lists }: Registration): Promise<boolean> {
  const keys = [pulsesKey, deadKey, registeredListsKey(incarnation), ...claimHashes(incarnation, lists)];
  return (await connection.run(scripts.register, keys, [incarnation, sessionNumber, ...lists])) === 1;
}

/** false: it still has claims, and stays until it is recovered. */
export async function unregister(connection: RedisConnection, incarnation: string, lists: readonly string[]): Promise<boolean> {
  const keys = [pulsesKey, sweeperKey, registeredListsKey(incarnation), ...claimHashes(incarnation, lists)];
  return (await connection.run(scripts.unregister, keys, [incarnation])) === 1;
}

function claimHashes(incarnation: string, lists: readonly string[]): readonly string[] {
  return lists.map((list) => claimsKey(list, incarnation));
}

/** What one beat told. `pulses`: incarnation → counter, given to the sweeper only. */
export interface Beat {
  readonly isDead: boolean;
  readonly workers: number;
  readonly pulses: ReadonlyMap<string, string> | null;
}

export async function beat(connection: RedisConnection, incarnation: string, sweeperMs: number): Promise<Beat> {
  const reply = (await connection.run(scripts.pulse, [pulsesKey, deadKey, sweeperKey], [incarnation, sweeperMs])) as [
    number,
    (number | string[])?,
  ];
  const [kind, told] = reply;
  if (!Array.isArray(told)) return { isDead: kind === 0, workers: told ?? 1, pulses: null };
  const pulses = new Map<string, string>();
  for (let at = 0; at < told.length; at += 2) pulses.set(told[at] as string, told[at + 1] as string);
  return { isDead: false, workers: pulses.size, pulses };
}
