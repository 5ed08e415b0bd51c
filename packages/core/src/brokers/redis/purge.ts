/** Empties a list, of what is ready and of what is parked for it. */
import type { RedisConnection } from "../../redis/connection.ts";
import { parkingKeys } from "./parking.ts";
import { scripts } from "./scripts.ts";

const purgedAtOnce = 1_000;

/** Gives how many went. */
export async function purgeList(list: string, connection: RedisConnection): Promise<number> {
  const keys = [list, ...parkingKeys(list, connection)];
  for (let all = 0; ; ) {
    const [purged, parked] = (await connection.run(scripts.purge, keys, [purgedAtOnce])) as [number, number];
    all += purged;
    if (parked < purgedAtOnce) return all;
  }
}
