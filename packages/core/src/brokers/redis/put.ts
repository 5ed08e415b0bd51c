/** Puts messages into a list: plain ones by a bare LPUSH, those that are guarded or parked by a script. */
import type { RedisConnection } from "../../redis/connection.ts";
import { publishedKey } from "./keys.ts";
import { parkingKeys } from "./parking.ts";
import type { Placement } from "./publication-route.ts";
import { scripts } from "./scripts.ts";
import { guardMs } from "./timing.ts";

/** Several only if they are of one list, and all plain, or all guarded and due at once. Rejects as the server answers. */
export function put(placements: readonly Placement[], connection: RedisConnection): Promise<unknown> {
  const first = placements[0] as Placement;
  const { list, raw, tag, isGuarded, parked } = first;
  if (parked !== null) {
    const { dueAt, tag: parkedTag, suffix } = parked;
    const keys = [publishedKey(list, tag), ...parkingKeys(list, connection)];
    return connection.run(scripts.publishLater, keys, [isGuarded ? guardMs : "", raw, dueAt, parkedTag, suffix]);
  }
  if (isGuarded) return putOnce(list, placements, connection);
  return connection.call("LPUSH", list, ...placements.map((placement) => placement.raw));
}

/** Each unless one with its tag was put there within the last 10 minutes. Rejects as the server answers. */
export function putOnce(
  list: string,
  messages: readonly { readonly raw: string | Buffer; readonly tag: string }[],
  connection: RedisConnection,
): Promise<unknown> {
  const keys = [list, ...messages.map(({ tag }) => publishedKey(list, tag))];
  return connection.run(scripts.publishOnce, keys, [guardMs, ...messages.map(({ raw }) => raw)]);
}
