/** The register of workers: an incarnation is made known, beats, and is taken off. Each step is one script, and on a cluster one for each list as well. */
import { randomBytes } from "node:crypto";
import { BrokerError } from "../../errors.ts";
import type { RedisConnection } from "../../redis/connection.ts";
import { claimsKey, deadKey, delayKey, pulsesKey, queueOfList, registeredListsKey, sentinelField, sweeperKey } from "./keys.ts";
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

/** false: it was declared dead. Throws BROKER_REFUSED for a list that a cluster cannot serve; rejects as the server answers. */
export async function register(connection: RedisConnection, { incarnation, sessionNumber, lists }: Registration): Promise<boolean> {
  for (const list of lists) checkList(list, connection);
  const { beside, apart } = claimHashes(connection, incarnation, lists);
  const keys = [pulsesKey, deadKey, registeredListsKey(incarnation), ...beside];
  const make = async () => (await connection.run(scripts.register, keys, [incarnation, sessionNumber, ...lists])) === 1;
  if (!(await make())) return false;
  if (apart.length === 0) return true;
  await Promise.all(apart.map((key) => connection.run(scripts.admit, [key], [sessionNumber])));
  // Buried meanwhile, it would have sentinels where its sweeper has been already. It has claimed nothing, so they are simply taken away.
  if (await make()) return true;
  await Promise.all(apart.map((key) => connection.call("HDEL", key, sentinelField)));
  return false;
}

/** false: it still has claims, and stays until it is recovered. */
export async function unregister(connection: RedisConnection, incarnation: string, lists: readonly string[]): Promise<boolean> {
  const { beside, apart } = claimHashes(connection, incarnation, lists);
  const left = await Promise.all(apart.map((key) => connection.run(scripts.leave, [key], [])));
  if (left.includes(0)) return false;
  const keys = [pulsesKey, sweeperKey, registeredListsKey(incarnation), ...beside];
  return (await connection.run(scripts.unregister, keys, [incarnation])) === 1;
}

/** On a cluster a brace that closes nothing would part a list from what belongs to it. Throws BROKER_REFUSED. */
function checkList(list: string, connection: RedisConnection): void {
  if (connection.areTogether(list, delayKey(list))) return;
  const queue = JSON.stringify(queueOfList(list));
  throw new BrokerError(
    "BROKER_REFUSED",
    `On Redis Cluster the queue ${queue} cannot be consumed: braces in a name are to enclose something`,
  );
}

/** Those that one script can write together with the register, and those that it cannot. */
function claimHashes(connection: RedisConnection, incarnation: string, lists: readonly string[]) {
  const keys = lists.map((list) => claimsKey(list, incarnation));
  const isBeside = (key: string) => connection.areTogether(pulsesKey, key);
  return { beside: keys.filter(isBeside), apart: keys.filter((key) => !isBeside(key)) };
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
