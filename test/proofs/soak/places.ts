/** Where a soak happens: a server of its own whose connections can be cut, and a census of what lies there. */
import { join } from "node:path";
import { Redis } from "ioredis";
import { auditRabbitmq } from "../../support/rabbitmq-audit.ts";
import { startRabbitmq } from "../../support/rabbitmq-server.ts";
import { auditRedis } from "../../support/redis-audit.ts";
import { startRedis } from "../../support/redis-server.ts";
import { auditSqlite } from "../../support/sqlite-audit.ts";
import { startTcpProxy } from "../../support/tcp-proxy.ts";

export interface Census {
  /** what the store has of each kind that its table of keys names */
  readonly counts: Readonly<Record<string, number>>;
  /** what is not as the table says */
  readonly problems: readonly string[];
}

export interface SoakPlace {
  url(directory: string): string;
  /** Cuts every connection there is; null: there are none. */
  readonly cut: (() => void) | null;
  /** as the census calls results; those that lie there come and go with the load */
  readonly results: string;
  census(directory: string): Promise<Census>;
  close(): Promise<void>;
}

export const queues = ["steady-prefork", "steady-async"] as const;

export const soakPlaces = {
  redis: async (): Promise<SoakPlace> => {
    const server = await startRedis();
    const proxy = await startTcpProxy(server.port);
    const client = new Redis(server.url, { protocol: 2 });
    return {
      url: () => `redis://127.0.0.1:${proxy.port}/0`,
      cut: () => proxy.cut(),
      results: "celery-task-meta-<task>",
      async census() {
        const { counts, problems } = await auditRedis(client, [...queues, "celery"]);
        return { counts: Object.fromEntries([...counts].sort()), problems };
      },
      async close() {
        client.disconnect();
        await proxy.close();
        await server.stop();
      },
    };
  },
  rabbitmq: async (): Promise<SoakPlace> => {
    const server = await startRabbitmq();
    const proxy = await startTcpProxy(server.port);
    return {
      url: () => `amqp://guest:guest@127.0.0.1:${proxy.port}/%2F`,
      cut: () => proxy.cut(),
      // They go to their caller, who takes them.
      results: "",
      async census() {
        const { queues: counts, problems } = await auditRabbitmq(server, "/", [...queues, "celery"]);
        return { counts: Object.fromEntries([...counts].sort()), problems };
      },
      async close() {
        await proxy.close();
        await server.stop();
      },
    };
  },
  sqlite: async (): Promise<SoakPlace> => ({
    url: (directory) => `sqlite://${directory}/celeriac.db`,
    cut: null,
    results: "result",
    async census(directory) {
      const { rows, files, problems } = auditSqlite(join(directory, "celeriac.db"));
      return { counts: { ...Object.fromEntries(rows), files: files.length }, problems };
    },
    close: async () => {},
  }),
} as const;

export type SoakBroker = keyof typeof soakPlaces;
