/** Questions to a Redis: each gets the connection, and its failure is told as ours. */
import type { CeleriacError } from "../errors.ts";
import type { RedisConnection } from "./connection.ts";
import type { RedisLink } from "./link.ts";

export type Ask = <T>(question: (connection: RedisConnection) => Promise<T>) => Promise<T>;

/** `failure`: our error for what failed. */
export function asking(link: Pick<RedisLink, "open">, failure: (error: unknown) => CeleriacError): Ask {
  return async (question) => {
    try {
      return await question(await link.open());
    } catch (error) {
      throw failure(error);
    }
  };
}
