/** A place of its own on each broker, for tests of what every worker does whatever its broker. */
import { randomUUID } from "node:crypto";
import { onTestFinished } from "vitest";
import { amqpUrl, redisUrl } from "../support/servers.ts";
import { createSqliteFile } from "../support/sqlite-file.ts";

/** name → gives the URL; to be called within a test */
export const brokerPlaces: Readonly<Record<string, () => Promise<string>>> = {
  memory: async () => `memory://${randomUUID()}`,
  SQLite: async () => {
    const file = await createSqliteFile();
    onTestFinished(() => file.remove());
    return file.url;
  },
  Redis: redisUrl,
  RabbitMQ: amqpUrl,
};
