/** A fresh place on each broker for a fault world: a file in its directory, a database, a virtual host. */
import { amqpUrl, redisUrl } from "../servers.ts";

/** Gives the broker's URL for a world that lives in `directory`. */
export type Place = (directory: string) => string;

export const places = {
  sqlite: async (): Promise<Place> => (directory) => `sqlite://${directory}/celeriac.db`,
  redis: async (): Promise<Place> => {
    const url = await redisUrl();
    return () => url;
  },
  amqp: async (): Promise<Place> => {
    const url = await amqpUrl();
    return () => url;
  },
} as const;

export type BrokerName = keyof typeof places;
