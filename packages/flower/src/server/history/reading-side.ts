/** Where a history is read, beside the thread that writes it. */
import type { OpenSide } from "./side.ts";
import { askedOfStore, type StoreReader } from "./store.ts";
import type { Questions } from "./thread-message.ts";

export const openReadingSide: OpenSide = async (driver, options, clock, tell) => {
  const store = await driver.openReading(options, clock, tell);
  tell({ kind: "opened", trouble: null, setAside: null, isReadHere: true });
  return {
    questions: questionsOf(store.reader),
    hear() {},
    follow() {},
    reopen: () => store.reopen(),
    async inspect() {},
    close: () => store.close(),
  };
};

/** Those that a reader answers, by name. */
export function questionsOf(reader: StoreReader): Partial<Questions> {
  const questions = [...askedOfStore, "facts"] as const;
  return Object.fromEntries(
    questions.map((question) => [
      question,
      (...given: readonly unknown[]) => (reader[question] as (...given: readonly unknown[]) => unknown)(...given),
    ]),
  ) as Partial<Questions>;
}
