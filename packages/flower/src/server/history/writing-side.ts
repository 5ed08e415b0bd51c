/** Where a history is written: what is heard comes in here. One that only one thread can have, such as one in memory, is read here too. */
import { createRedactor } from "../security/redaction.ts";
import { Ingest } from "./ingest.ts";
import { questionsOf } from "./reading-side.ts";
import type { OpenSide } from "./side.ts";
import type { Questions } from "./thread-message.ts";

const busyMs = 10;

export const openWritingSide: OpenSide = async (driver, options, clock, tell) => {
  const store = await driver.openWriting(options, clock, tell);
  const { writer } = store;
  const redactor = createRedactor(options.redact);
  const ingest = new Ingest({
    clock,
    content: options.content,
    mostQueued: options.limits.queued,
    redacted: (fields) => redactor.value(fields) as Readonly<Record<string, unknown>>,
    writer,
    failed: (error) => store.failed(error),
    changed: (change) => tell({ kind: "changed", change }),
  });
  tell({ kind: "opened", trouble: store.trouble, setAside: store.setAside, isReadHere: store.reader !== null });

  async function untilFree<T>(attempt: () => T | "busy" | Promise<T | "busy">): Promise<T> {
    for (;;) {
      const given = await attempt();
      if (given !== "busy") return given;
      await clock.sleep(busyMs);
    }
  }

  const questions: Partial<Questions> = {
    ...(store.reader === null ? {} : questionsOf(store.reader)),
    settled: () => ingest.settled(),
    async amend(uuid, known) {
      await ingest.settled();
      const task = await untilFree(() => writer.amend(uuid, known, clock.now() / 1_000));
      if (task !== null) ingest.tell([task], []);
    },
    note: async (entry) => void (await untilFree(() => writer.note(entry))),
    forgetWorkers: (goneSeconds) => untilFree(() => writer.forgetWorkers(goneSeconds, clock.now() / 1_000)),
    async writerFacts() {
      const { trouble, ...facts } = ingest.facts;
      return { ...facts, trouble: trouble ?? store.trouble, setAside: store.setAside };
    },
  };

  return {
    questions,
    hear({ heardAt, messages, bytes }) {
      let offset = 0;
      for (const { size, ...message } of messages) {
        ingest.hear({ ...message, body: bytes.subarray(offset, offset + size) }, heardAt);
        offset += size;
      }
    },
    follow(isFollowed) {
      ingest.follow(isFollowed);
      store.follow(isFollowed ? (tasks, workers) => ingest.tell(tasks, workers) : null);
    },
    async reopen() {},
    inspect: () => store.inspect(),
    async close() {
      await ingest.close();
      await store.close();
    },
  };
};
