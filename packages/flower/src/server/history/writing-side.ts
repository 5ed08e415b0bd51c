/** Where a history is written: what is heard comes in here. A history in memory, which only one thread can have, is read here too. */
import { type Clock, type Connection, reasonOf } from "@celeriac/core/runtime";
import { createRedactor } from "../security/redaction.ts";
import { Ingest } from "./ingest.ts";
import { readingQuestions } from "./reading-side.ts";
import type { OpenSide, Side } from "./side.ts";
import { isDamage, openHistoryFile, putAside } from "./sqlite/history-file.ts";
import { openReader } from "./sqlite/reader.ts";
import { openWriter, type Writer } from "./sqlite/writer.ts";
import type { Questions, ThreadOptions } from "./thread-message.ts";

const busyMs = 10;

export const openWritingSide: OpenSide = async (options, clock, tell) => {
  const opened = await open(options, clock);
  const limits = opened.path === null ? inMemory(options.limits) : options.limits;
  const { path } = opened;
  let { connection } = opened;
  const writerOn = (on: Connection) => openWriter({ connection: on, retention: limits, mostWorkers: limits.workers });
  let writer = writerOn(connection);
  let setAside = opened.setAside;
  /** what was set aside has no heir yet */
  let isBroken = false;
  const redactor = createRedactor(options.redact);

  const ingest = new Ingest({
    clock,
    content: options.content,
    mostQueued: limits.queued,
    redacted: (fields) => redactor.value(fields) as Readonly<Record<string, unknown>>,
    writer: () => writer,
    failed(error) {
      if (path === null || (!isBroken && !isDamage(error, path))) return reasonOf(error);
      void replace();
      return `${path} is damaged and is being replaced: ${reasonOf(error)}`;
    },
    changed: (change) => tell({ kind: "changed", change }),
  });
  tell({ kind: "opened", inMemory: opened.inMemory, setAside });

  /** Sets the damaged file aside. Never rejects: what cannot be opened is tried again with the next events. */
  async function replace(): Promise<void> {
    if (path === null) return;
    try {
      if (!isBroken) {
        isBroken = true;
        connection.close();
        setAside = putAside(path, clock);
      }
      ({ connection } = await openHistoryFile(path, clock));
      writer = writerOn(connection);
      isBroken = false;
      tell({ kind: "damaged", setAside });
    } catch {
      // Writing on what is closed fails, and leads here again.
    }
  }

  async function untilFree<T>(attempt: (writer: Writer) => T | "busy"): Promise<T> {
    for (;;) {
      const given = attempt(writer);
      if (given !== "busy") return given;
      await clock.sleep(busyMs);
    }
  }

  const questions: Partial<Questions> = {
    ...(path === null ? readingQuestions(openReader({ connection, clock, searchBudgetMs: options.searchBudgetMs })) : {}),
    settled: () => ingest.settled(),
    async amend(uuid, known) {
      await ingest.settled();
      const task = await untilFree((each) => each.amend(uuid, known));
      if (task !== null) ingest.tell(task);
    },
    note: async (entry) => void (await untilFree((each) => each.note(entry))),
    forgetWorkers: (goneSeconds) => untilFree((each) => each.forgetWorkers(goneSeconds, clock.now() / 1_000)),
    async writerFacts() {
      const { trouble, ...facts } = ingest.facts;
      return { ...facts, trouble: trouble ?? opened.inMemory, setAside };
    },
  };

  const side: Side = {
    questions,
    hear({ heardAt, messages, bytes }) {
      let offset = 0;
      for (const { size, ...message } of messages) {
        ingest.hear({ ...message, body: bytes.subarray(offset, offset + size) }, heardAt);
        offset += size;
      }
    },
    follow: (isFollowed) => ingest.follow(isFollowed),
    async reopen() {},
    async inspect() {
      if (path === null || isSound(connection)) return tell({ kind: "damaged", setAside: null });
      await replace();
    },
    close() {
      ingest.close();
      connection.checkpoint();
      connection.close();
    },
  };
  return side;
};

/** Why it is in memory, where it should not be, is told and no error: a monitor without history is better than none. */
async function open({ path }: ThreadOptions, clock: Clock) {
  try {
    return { path, inMemory: null, ...(await openHistoryFile(path, clock)) };
  } catch (error) {
    if (path === null) throw error;
    return { path: null, inMemory: `The history is kept in memory only: ${reasonOf(error)}`, ...(await openHistoryFile(null, clock)) };
  }
}

/** There is room for less. */
function inMemory(limits: ThreadOptions["limits"]): ThreadOptions["limits"] {
  return { ...limits, tasks: Math.min(limits.tasks, 100_000), bytes: Math.min(limits.bytes, 256 * 1024 ** 2) };
}

function isSound(connection: Connection): boolean {
  try {
    return connection.query("pragma quick_check(1)").all([])[0]?.[0] === "ok";
  } catch {
    return false;
  }
}
