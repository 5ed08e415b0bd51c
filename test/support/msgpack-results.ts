/** A backend whose results lie in msgpack, as with `result_serializer`. */
import type { ResultBackend } from "../../packages/core/src/backend.ts";
import { withAttempt } from "../../packages/core/src/redis/result-record.ts";
import { resultContent, resultTextOf } from "../../packages/core/src/result-form.ts";

/** Part of a driver's context: reads msgpack. */
export const readsMsgpack = { resultTextOf: (stored: Buffer) => resultTextOf(stored, ["msgpack"]) };

/** Stores in msgpack what comes back from there to the byte; else, as others may, text. */
export function inMsgpack(backend: ResultBackend): ResultBackend {
  const chords = backend.chords!;
  return {
    ...backend,
    chords: {
      ...chords,
      count: (parts) =>
        chords.count(
          parts.map((part) => {
            const text = `[1, ${JSON.stringify(part.taskId)}, "${part.state}", ${part.value}]`;
            return { ...part, entry: resultContent(text, "msgpack")?.bytes };
          }),
        ),
    },
    store(record) {
      const text = withAttempt(record.text, record.attempt);
      const content = isPlain(record.text) ? resultContent(text, "msgpack") : undefined;
      return backend.store({ ...record, content });
    },
  };
}

function isPlain(text: string): boolean {
  try {
    return JSON.stringify(JSON.parse(text)) === text;
  } catch {
    return false;
  }
}
