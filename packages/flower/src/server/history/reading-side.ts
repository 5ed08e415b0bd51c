/** Where a history's file is read, beside the thread that writes it: a long search holds up nobody but those who ask. */

import type { OpenSide } from "./side.ts";
import { isDamage, openForReading } from "./sqlite/history-file.ts";
import { openReader, type Reader } from "./sqlite/reader.ts";
import type { Questions } from "./thread-message.ts";

const questions = [
  "task",
  "children",
  "childrenOf",
  "tasks",
  "count",
  "events",
  "taskTypes",
  "workers",
  "series",
  "types",
  "unfinished",
  "audit",
  "facts",
] as const;

const reopenMs = 1_000;

export const openReadingSide: OpenSide = async ({ path, searchBudgetMs }, clock, tell) => {
  const open = async () => {
    const connection = await openForReading(path!);
    return { connection, reader: openReader({ connection, clock, searchBudgetMs }) };
  };
  let opened = await open();
  tell({ kind: "opened", inMemory: null, setAside: null });

  async function ask(question: (typeof questions)[number], given: readonly unknown[]): Promise<unknown> {
    try {
      return await askReader(opened.reader, question, given);
    } catch (error) {
      if (isDamage(error, path!)) tell({ kind: "damaged", setAside: null });
      throw error;
    }
  }

  async function reopen(): Promise<void> {
    try {
      const fresh = await open();
      opened.connection.close();
      opened = fresh;
    } catch {
      // The new file is not there yet.
      clock.after(reopenMs, () => void reopen());
    }
  }

  return {
    questions: Object.fromEntries(
      questions.map((question) => [question, (...given: readonly unknown[]) => ask(question, given)]),
    ) as Partial<Questions>,
    hear() {},
    follow() {},
    reopen,
    async inspect() {},
    close: () => opened.connection.close(),
  };
};

/** Those that a reader answers, by name. */
export function readingQuestions(reader: Reader): Partial<Questions> {
  return Object.fromEntries(
    questions.map((question) => [question, (...given: readonly unknown[]) => askReader(reader, question, given)]),
  ) as Partial<Questions>;
}

function askReader(reader: Reader, question: (typeof questions)[number], given: readonly unknown[]): Promise<unknown> {
  return (reader[question] as (...given: readonly unknown[]) => Promise<unknown>)(...given);
}
