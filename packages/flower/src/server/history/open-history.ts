/** Opens a history: one thread writes what is heard, another answers what is asked, and this one waits for neither. */
import { type Clock, type ContentRules, type Logger, systemClock } from "@celeriac/core/runtime";
import type { Change, History } from "./history.ts";
import { ThreadClient } from "./thread-client.ts";
import type { HistoryLimits, ThreadOptions } from "./thread-message.ts";

export interface HistoryOptions {
  /** the file, or `postgresql://…` of a database that several monitors may share; null: in memory only */
  readonly db: string | null;
  readonly content: ContentRules;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** in memory at most 100,000 tasks and 256 MiB */
  readonly limits?: Partial<HistoryLimits>;
  /** names of more keys whose values are secrets, see `createRedactor` */
  readonly redact?: readonly string[];
  /** how long one search may look (350) before it gives what it has found */
  readonly searchBudgetMs?: number;
}

const usualLimits: HistoryLimits = { tasks: 1_000_000, days: 30, bytes: 4 * 1024 ** 3, workers: 5_000, queued: 50_000 };

/**
 * Resolves when it hears and answers. A file that is damaged is set aside, and where none can be written the history is in memory: `facts()` says
 * so. A database that is away is waited for, while what is heard waits too. Throws CONFIG_DRIVER_MISSING, CONFIG_URL.
 */
export async function openHistory(options: HistoryOptions): Promise<History> {
  const { db, content, logger, clock = systemClock, redact = [], searchBudgetMs = 350 } = options;
  const limits = { ...usualLimits, ...options.limits };
  const followers = new Set<(change: Change) => void>();
  let lost: string | null = null;

  function start(role: ThreadOptions["role"]): ThreadClient {
    return new ThreadClient({
      thread: { role, db, content, limits, redact, searchBudgetMs },
      clock,
      told(message) {
        if (message.kind === "changed") for (const heard of followers) heard(message.change);
        else if (message.kind === "trouble") {
          if (message.reason === null) logger.info("the history can be written again", {});
          else logger.warn("the history cannot be written: what is heard waits", { reason: message.reason });
        } else if (role === "read") writer.post({ kind: "inspect" });
        else {
          if (message.setAside !== null) logger.error("the history's file was damaged", { path: db, setAside: message.setAside });
          reader.post({ kind: "reopen" });
        }
      },
      lost(reason) {
        lost = `The history's thread is gone: ${reason}`;
        logger.error("the history's thread is gone", { role, reason });
      },
    });
  }

  const writer = start("write");
  const opened = await writer.opened();
  if (opened.trouble !== null) logger.warn("the history is not kept as it should be", { reason: opened.trouble });
  if (opened.setAside !== null) logger.error("the history's file was damaged", { path: db, setAside: opened.setAside });
  const reader = opened.isReadHere ? writer : start("read");
  await reader.opened();
  let closing: Promise<void> | null = null;

  return {
    hear: (message) => writer.hear(message),
    follow(heard) {
      followers.add(heard);
      writer.post({ kind: "follow", isFollowed: true });
      return () => {
        followers.delete(heard);
        if (followers.size === 0) writer.post({ kind: "follow", isFollowed: false });
      };
    },
    settled: () => writer.ask("settled"),
    task: (uuid) => reader.ask("task", uuid),
    children: (uuid) => reader.ask("children", uuid),
    childrenOf: (uuids) => reader.ask("childrenOf", uuids),
    tasks: (query) => reader.ask("tasks", query),
    count: (filter, most) => reader.ask("count", filter, most),
    events: (uuid) => reader.ask("events", uuid),
    taskTypes: () => reader.ask("taskTypes"),
    workers: () => reader.ask("workers"),
    forgetWorkers: (goneSeconds) => writer.ask("forgetWorkers", goneSeconds),
    series: (query) => reader.ask("series", query),
    types: (query) => reader.ask("types", query),
    amend: (uuid, known) => writer.ask("amend", uuid, known),
    unfinished: (query) => reader.ask("unfinished", query),
    note: (entry) => writer.ask("note", entry),
    audit: (limit, before) => reader.ask("audit", limit, before),
    async facts() {
      const [inFile, inWriter] = await Promise.all([reader.ask("facts"), writer.ask("writerFacts")]);
      return { ...inFile, ...inWriter, trouble: lost ?? inWriter.trouble };
    },
    close() {
      closing ??= Promise.all([writer.close(), reader === writer ? null : reader.close()]).then(() => {});
      return closing;
    },
  };
}
