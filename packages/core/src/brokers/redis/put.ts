/** Puts messages into a list: plain ones by a bare LPUSH, one that is guarded or parked by a script. */
import type { RedisConnection } from "../../redis/connection.ts";
import { publishedKey } from "./keys.ts";
import { parkingKeys } from "./parking.ts";
import type { Placement } from "./publication-route.ts";
import { scripts } from "./scripts.ts";
import { guardMs } from "./timing.ts";

/** true when it can share an LPUSH with others of its list. */
export function isPlain({ isGuarded, parked }: Placement): boolean {
  return !isGuarded && parked === null;
}

/** Several only if they are plain and of one list. Rejects as the server answers. */
export function put(placements: readonly Placement[], connection: RedisConnection): Promise<unknown> {
  const first = placements[0] as Placement;
  const { list, raw, tag, isGuarded, parked } = first;
  if (isPlain(first)) return connection.call("LPUSH", list, ...placements.map((placement) => placement.raw));
  if (parked === null) return putOnce(list, raw, tag, connection);
  const { dueAt, tag: parkedTag, suffix } = parked;
  const keys = [list, publishedKey(list, tag), ...parkingKeys(list, connection)];
  return connection.run(scripts.publish, keys, [isGuarded ? guardMs : "", raw, dueAt, parkedTag, suffix]);
}

/** Unless one with this tag was put there within the last 10 minutes. Rejects as the server answers. */
export function putOnce(list: string, raw: string | Buffer, tag: string, connection: RedisConnection): Promise<unknown> {
  return connection.run(scripts.publish, [list, publishedKey(list, tag)], [guardMs, raw, "", "", ""]);
}
