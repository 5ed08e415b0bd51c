/** Where messages of a list are parked until they are due: as kombu does, where Python can restore them, or beside the list where they cannot lie together. */
import type { RedisConnection } from "../../redis/connection.ts";
import { delayedKey, delayKey, unackedIndexKey, unackedKey } from "./keys.ts";

/** As `park.lua` and `move-due.lua` want them: when each is due, the messages and, for Python, when each may be restored. */
export type ParkingKeys = readonly [delayKey: string, messages: string] | readonly [delayKey: string, messages: string, index: string];

export function parkingKeys(list: string, connection: RedisConnection): ParkingKeys {
  const dueAt = delayKey(list);
  return connection.areTogether(dueAt, unackedKey) ? [dueAt, unackedKey, unackedIndexKey] : [dueAt, delayedKey(list)];
}
