/** Histories against the suite of all of them. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contentRules, silentLogger } from "../../packages/core/src/runtime.ts";
import { type HistoryOptions, openHistory } from "../../packages/flower/src/server/history/open-history.ts";
import { freshPostgresSchema } from "../support/postgres-client.ts";
import { postgresUrl } from "../support/servers.ts";
import { describeHistory } from "./history-suite.ts";

const content = contentRules({ acceptContent: ["json"], maxMessageBytes: 1_000_000 });

describeHistory("SQLite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "celeriac-history-"));
  const path = join(folder, "flower.sqlite");
  return {
    open: (options: Partial<HistoryOptions> = {}) => openHistory({ db: path, content, logger: silentLogger, ...options }),
    isKept: true,
    close: () => rm(folder, { recursive: true, force: true }),
  };
});

describeHistory("memory", async () => ({
  open: (options: Partial<HistoryOptions> = {}) => openHistory({ db: null, content, logger: silentLogger, ...options }),
  isKept: false,
  async close() {},
}));

let database: Promise<string> | null = null;

describeHistory("PostgreSQL", async () => {
  database ??= postgresUrl();
  const db = await freshPostgresSchema(await database);
  return {
    open: (options: Partial<HistoryOptions> = {}) => openHistory({ db, content, logger: silentLogger, ...options }),
    isKept: true,
    async close() {},
  };
});
